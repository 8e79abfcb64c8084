"""One JSON line for each answered request."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from tracseq_gateway.json_line import UtcTime, quoted
from tracseq_gateway.logs.masking import Masker
from tracseq_gateway.logs.sink import LogSink

if TYPE_CHECKING:
    from tracseq_gateway.proxy.exchange import Exchange

REMEMBERED_USERS = 4096


class AccessLog:
    """Writes the lines."""

    def __init__(self, sink: LogSink, masker: Masker) -> None:
        self._sink = sink
        self._masker = masker
        self._time = UtcTime(digits=3)
        self._user = lru_cache(REMEMBERED_USERS)(self._make_user)

    def request_ended(self, exchange: "Exchange", seconds: float) -> None:
        """Write the line of a request."""
        request = exchange.request
        path = request.path
        target = f'"path": {quoted(path)}'
        if b"@" in path or b"%40" in path:
            target = f'"path": {json.dumps(self._masker.patterns(path.decode("latin-1")))}'
        if request.query:
            target += f', "query": {json.dumps(self._masker.query(request.query.decode("latin-1")))}'
        identity = exchange.identity
        user = "" if identity is None else self._user(identity.user)
        cause = f', "cause": "{exchange.cause}"' if exchange.cause else ""
        line = (
            f'{{"time": "{self._time.now()}", "level": "INFO", "logger": "access", "request_id": '
            f'"{exchange.request_id.decode()}", "client": "{exchange.client.address}", '
            f'"method": "{request.method.decode()}", {target}, "status": {exchange.status}, '
            f'"seconds": {seconds:.6f}, "received": {request.body_size}, "sent": {exchange.response.body_bytes}, '
            f'"upstream": "{exchange.upstream_label}"{user}{cause}}}\n'
        )
        self._sink.write(line.encode())

    def _make_user(self, user: str) -> str:
        return f', "user": {json.dumps(self._masker.patterns(user))}'
