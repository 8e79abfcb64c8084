"""Whether the gateway lives, takes requests, and what it depends on."""

import asyncio
import socket
from typing import Any

from tracseq_gateway import __version__
from tracseq_gateway.endpoints.answer import Answer, json_answer
from tracseq_gateway.endpoints.view import GatewayView
from tracseq_gateway.upstream.service import Service


async def live(view: GatewayView) -> Answer:
    """Answer 200 as long as the process answers at all."""
    return json_answer(200, _about("ok"))


async def ready(view: GatewayView) -> Answer:
    """Answer 200 while requests are taken, 503 at start-up and when draining."""
    status = view.readiness()
    return json_answer(200 if status == "ready" else 503, _about(status))


async def detailed(view: GatewayView) -> Answer:
    """Look at everything the gateway depends on; 503 when database or Redis is not up."""
    database, redis = await asyncio.gather(view.database.check(), view.redis.check())
    services = {name: _service(service) for name, service in view.services.items()}
    well = database["status"] == "up" and redis["status"] in ("up", "not configured")
    content = _about("ok" if well else "degraded")
    content |= {
        "readiness": view.readiness(),
        "rate_limit": "shared" if view.limiter.shared else "local",
        "database": database,
        "redis": redis,
        "services": services,
        "audit": _audit(view),
    }
    return json_answer(200 if well else 503, content)


def _about(status: str) -> dict[str, Any]:
    return {"status": status, "version": __version__, "hostname": socket.gethostname()}


def _audit(view: GatewayView) -> dict[str, Any]:
    if view.audit is None:
        return {"status": "off"}
    status = "kept on disk" if view.audit.away else "delivered"
    return {"status": status, "in_memory": view.audit.in_memory, "on_disk": view.audit.on_disk}


def _service(service: Service) -> dict[str, Any]:
    return {
        "breaker": service.breaker.state.name.lower().replace("_", "-"),
        "in_flight": service.in_flight,
        "rate_limit_cost": round(service.pace.cost, 2),
        "servers": [
            {
                "address": server.label,
                "healthy": server.healthy,
                "outstanding": server.outstanding,
                "connections": len(server.pool.connections),
            }
            for server in service.servers
        ],
    }
