"""One entry of the audit trail, as a line of JSON with the columns' names."""

import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracseq_gateway.proxy.exchange import Exchange

CHANGING_METHODS = frozenset({b"POST", b"PUT", b"PATCH", b"DELETE"})


def entry_line(exchange: "Exchange", gateway: str, seconds: float) -> bytes:
    """Return the entry of a request that has ended.

    Its identifier is made here, once, so that the entry is the same however often it is
    brought to the database.
    """
    identity = exchange.identity
    request = exchange.request
    entry = {
        "occurred_at": datetime.fromtimestamp(time.time(), UTC).isoformat(),
        "id": os.urandom(16).hex(),
        "request_id": exchange.request_id.decode(),
        "user_id": identity.user if identity else None,
        "tenant_id": identity.tenant if identity else None,
        "roles": ",".join(sorted(identity.roles)) if identity else None,
        "client_address": exchange.client.address,
        "method": request.method.decode(),
        "service": exchange.service.name if exchange.service else None,
        "path": request.path.decode("ascii", "replace"),
        "status": exchange.status,
        "cause": exchange.cause or None,
        "duration": round(seconds, 6),
        "gateway": gateway,
    }
    return json.dumps(entry).encode() + b"\n"
