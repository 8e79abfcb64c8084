"""One JSON line for each answered request."""

import json
from functools import lru_cache

from tracseq_gateway.json_line import UtcTime, quoted
from tracseq_gateway.logs.masking import Masker
from tracseq_gateway.logs.sink import LogSink
from tracseq_gateway.record import RequestRecord

REMEMBERED_USERS = 4096


class AccessLog:
    """Writes the lines."""

    def __init__(self, sink: LogSink, masker: Masker) -> None:
        self._sink = sink
        self._masker = masker
        self._time = UtcTime(digits=3)
        self._user = lru_cache(REMEMBERED_USERS)(self._make_user)

    def request_ended(self, record: RequestRecord, seconds: float) -> None:
        """Write the line of a request."""
        request = record.request
        path = request.path
        target = f'"path": {quoted(path)}'
        if b"@" in path or b"%40" in path:
            target = f'"path": {json.dumps(self._masker.patterns(path.decode("latin-1")))}'
        if request.query:
            target += f', "query": {json.dumps(self._masker.query(request.query.decode("latin-1")))}'
        identity = record.identity
        user = "" if identity is None else self._user(identity.user)
        cause = f', "cause": "{record.cause}"' if record.cause else ""
        line = (
            f'{{"time": "{self._time.now()}", "level": "INFO", "logger": "access", "request_id": '
            f'"{record.request_id.decode()}", "trace_id": "{record.trace.trace_id.decode()}", '
            f'"span_id": "{record.trace.span_id.decode()}", "parent_span_id": "{record.trace.parent_id.decode()}", '
            f'"client": "{record.client.address}", "method": "{request.method.decode()}", {target}, '
            f'"status": {record.status}, "seconds": {seconds:.6f}, "received": {request.body_size}, '
            f'"sent": {record.response.body_bytes}, '
            f'"upstream": "{record.server_label}"{user}{cause}}}\n'
        )
        self._sink.write(line.encode())

    def _make_user(self, user: str) -> str:
        return f', "user": {json.dumps(self._masker.patterns(user))}'
