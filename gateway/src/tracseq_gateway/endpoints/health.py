"""Whether the gateway lives, takes requests, and what it depends on."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from tracseq_gateway import __version__
from tracseq_gateway.endpoints.answer import Answer, json_answer

if TYPE_CHECKING:
    from tracseq_gateway.gateway import Gateway
    from tracseq_gateway.upstream.service import Service


async def live(gateway: "Gateway") -> Answer:
    """Answer 200 as long as the process answers at all."""
    return json_answer(200, _about("ok"))


async def ready(gateway: "Gateway") -> Answer:
    """Answer 200 while requests are taken, 503 at start-up and when draining."""
    status = gateway.readiness
    return json_answer(200 if status == "ready" else 503, _about(status))


async def detailed(gateway: "Gateway") -> Answer:
    """Look at everything the gateway depends on; 503 when database or Redis is not up."""
    database, redis = await asyncio.gather(gateway.database.check(), gateway.redis.check())
    services = {name: _service(service) for name, service in gateway.services.items()}
    well = database["status"] == "up" and redis["status"] in ("up", "not configured")
    content = _about("ok" if well else "degraded")
    content |= {
        "readiness": gateway.readiness,
        "rate_limit": "shared" if gateway.limiter.shared else "local",
        "database": database,
        "redis": redis,
        "services": services,
        "audit": _audit(gateway),
    }
    return json_answer(200 if well else 503, content)


def _about(status: str) -> dict[str, Any]:
    return {"status": status, "version": __version__, "hostname": socket.gethostname()}


def _audit(gateway: "Gateway") -> dict[str, Any]:
    if gateway.audit is None:
        return {"status": "off"}
    status = "kept on disk" if gateway.audit.away else "delivered"
    return {"status": status, "in_memory": gateway.audit.in_memory, "on_disk": gateway.audit.on_disk}


def _service(service: "Service") -> dict[str, Any]:
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
