"""The OpenAPI document of the gateway's own endpoints."""

from typing import Any

from tracseq_gateway import __version__
from tracseq_gateway.endpoints.answer import Answer, json_answer
from tracseq_gateway.endpoints.view import GatewayView

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}


def _object(properties: dict[str, Any], *, closed: bool = True) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": not closed,
    }


def _choice(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_ABOUT = {"version": TEXT, "hostname": TEXT}
_LIVE = _object({"status": _choice("ok"), **_ABOUT})
_READY = _object({"status": _choice("starting", "ready", "draining"), **_ABOUT})
_SERVER = _object({"address": TEXT, "healthy": {"type": "boolean"}, "outstanding": COUNT, "connections": COUNT})
_SERVICE = _object(
    {
        "breaker": _choice("closed", "half-open", "open"),
        "in_flight": COUNT,
        "rate_limit_cost": {"type": "number", "minimum": 1},
        "servers": {"type": "array", "items": _SERVER},
    }
)
_DETAILED = _object(
    {
        "status": _choice("ok", "degraded"),
        **_ABOUT,
        "readiness": _choice("starting", "ready", "draining"),
        "rate_limit": _choice("shared", "local"),
        "database": _object(
            {
                "status": _choice("up", "read-only", "down"),
                "pool": _object({"size": COUNT, "idle": COUNT, "max": COUNT}),
            }
        ),
        "redis": _object({"status": _choice("up", "down", "not configured")}),
        "services": {"type": "object", "additionalProperties": _SERVICE},
        "audit": _object({"status": _choice("off", "delivered", "kept on disk")}, closed=False),
    }
)
_PROBLEM = _object(
    {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "request_id": TEXT, "trace_id": TEXT},
    closed=False,
)


def _answers(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _endpoint(summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    refused = _answers(
        "The request is not valid, or the endpoint is switched off", "application/problem+json", _PROBLEM
    )
    return {
        "get": {
            "operationId": summary.lower().replace(" ", "-"),
            "summary": summary,
            "responses": answers | {"4XX": refused},
        }
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return _answers(description, "application/json", schema)


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "TracSeq API gateway",
        "version": __version__,
        "description": "The gateway's own endpoints. What lies below /api/<service>/ is described by the services.",
    },
    "paths": {
        "/health": _endpoint("The process lives", {"200": _json("It does", _LIVE)}),
        "/health/ready": _endpoint(
            "Requests are taken",
            {"200": _json("They are", _READY), "503": _json("The gateway starts or drains", _READY)},
        ),
        "/health/detailed": _endpoint(
            "What the gateway depends on",
            {"200": _json("All is well", _DETAILED), "503": _json("Postgres or Redis is not up", _DETAILED)},
        ),
        "/metrics": _endpoint("Metrics", {"200": _answers("Prometheus text", "text/plain", TEXT)}),
        "/openapi.json": _endpoint("This document", {"200": _json("The document", {"type": "object"})}),
    },
}


async def openapi(view: GatewayView) -> Answer:
    """Answer the document."""
    return json_answer(200, DOCUMENT)
