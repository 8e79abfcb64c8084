"""The gateway's span of a request, and how OTLP writes it."""

from typing import Any, NamedTuple

SERVER_KIND = 2
ERROR_STATUS = 2
NANOSECONDS = 1_000_000_000


class Span(NamedTuple):
    """The gateway's part in a trace, as it is known when a request ends; the exporter's thread puts it into words.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits: the parent of what the service does.
        parent_id: the client's span, or empty.
        ended_at: nanoseconds since 1970.
        seconds: how long it took.
        method, path: of the request; the path is masked as in the access log.
        status: what the client was answered.
        service, server: where it was sent, each empty where it was not.
        cause: one word for what went wrong, or empty.
        client: the address that it came from.
        request_id: its name in every log.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    ended_at: int
    seconds: float
    method: bytes
    path: str
    status: int
    service: str
    server: str
    cause: str
    client: str
    request_id: bytes

    def as_otlp(self) -> dict[str, Any]:
        """Return it in the form of OTLP's JSON.

        Source: OTLP 1.x, "JSON Protobuf Encoding"; OpenTelemetry's semantic conventions for HTTP servers.
        """
        method = self.method.decode()
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.path": self.path,
            "http.response.status_code": self.status,
            "client.address": self.client,
            "tracseq.request_id": self.request_id.decode(),
            "tracseq.service": self.service,
            "tracseq.server": self.server,
            "error.type": self.cause or (str(self.status) if self.status >= 500 else ""),
        }
        route = f"/api/{self.service}" if self.service else ""
        span: dict[str, Any] = {
            "traceId": self.trace_id.decode(),
            "spanId": self.span_id.decode(),
            "name": f"{method} {route}".rstrip(),
            "kind": SERVER_KIND,
            "startTimeUnixNano": str(self.ended_at - round(self.seconds * NANOSECONDS)),
            "endTimeUnixNano": str(self.ended_at),
            "attributes": [attribute(key, value) for key, value in attributes.items() if value != ""],
        }
        if self.parent_id:
            span["parentSpanId"] = self.parent_id.decode()
        if self.status >= 500:
            span["status"] = {"code": ERROR_STATUS}
        return span


def attribute(key: str, value: str | int) -> dict[str, Any]:
    """Return a key and its value in the form of OTLP's JSON, which writes 64-bit numbers as text."""
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
