"""One entry of the audit trail, as a line of JSON with the columns' names."""

import json
from functools import lru_cache

from tracseq_gateway.json_line import UtcTime, quoted
from tracseq_gateway.random_names import random_names
from tracseq_gateway.record import RequestRecord

CHANGING_METHODS = frozenset({b"POST", b"PUT", b"PATCH", b"DELETE"})
REMEMBERED_CALLERS = 4096

_time = UtcTime(digits=6)
_entry_ids = random_names(16)


def entry_line(record: RequestRecord, gateway: str, seconds: float) -> bytes:
    """Return the entry of a request that has ended.

    Its identifier is made here, once, so that the entry is the same however often it is
    brought to the database.
    """
    identity = record.identity
    request = record.request
    service = f'"{record.service.name}"' if record.service else "null"
    cause = f'"{record.cause}"' if record.cause else "null"
    caller = _caller(identity.user, identity.tenant, identity.roles) if identity else _caller(None, None, frozenset())
    line = (
        f'{{"occurred_at": "{_time.now()}", "id": "{next(_entry_ids).decode()}", '
        f'"request_id": "{record.request_id.decode()}", "trace_id": "{record.trace.trace_id.decode()}", {caller}, '
        f'"client_address": "{record.client.address}", '
        f'"method": "{request.method.decode()}", "service": {service}, "path": {quoted(request.path)}, '
        f'"status": {record.status}, "cause": {cause}, "duration": {seconds:.6f}, "gateway": "{gateway}"}}\n'
    )
    return line.encode()


@lru_cache(REMEMBERED_CALLERS)
def _caller(user: str | None, tenant: str | None, roles: frozenset[str]) -> str:
    names = None if user is None else ",".join(sorted(roles))
    return f'"user_id": {json.dumps(user)}, "tenant_id": {json.dumps(tenant)}, "roles": {json.dumps(names)}'
