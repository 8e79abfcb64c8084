"""A collector of spans that knows OTLP by its own description, and nothing of the gateway."""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """Takes spans at ``/v1/traces``.

    Attributes:
        url: where.
        spans: all that it took.
        status: what it answers.
        answer: with which body.
        headers: with which further fields.
        asked: how many requests came.
    """

    def __init__(self, port: int = 0) -> None:
        self.spans: list[Span] = []
        self.status = 200
        self.answer: str | bytes = "{}"
        self.headers: dict[str, str] = {}
        self.asked = 0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.take(self)

            def do_GET(self) -> None:
                """What a receiver's pages do: it is well, whatever one came for."""
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Take one request's spans, or answer as it is told to."""
        self.asked += 1
        assert request.path == "/v1/traces"
        assert request.headers["content-type"] == "application/json"
        sent = json.loads(request.rfile.read(int(request.headers["content-length"])))
        if 200 <= self.status < 300:
            for resource in Parse(json.dumps(_with_bytes(sent)), ExportTraceServiceRequest()).resource_spans:
                names = {one.key: one.value.string_value for one in resource.resource.attributes}
                assert names["service.name"] == "tracseq-gateway"
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        request.send_response(self.status)
        body = self.answer if isinstance(self.answer, bytes) else self.answer.encode()
        for name, value in ({"content-length": str(len(body))} | self.headers).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


def _with_bytes(value: Any) -> Any:
    """Identifiers are hexadecimal in OTLP's JSON, and base64 in protobuf's (OTLP, "JSON Protobuf Encoding")."""
    if isinstance(value, list):
        return [_with_bytes(one) for one in value]
    if not isinstance(value, dict):
        return value
    lengths = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
    for key in lengths.keys() & value.keys():
        assert re.fullmatch(rf"[0-9a-f]{{{lengths[key]}}}", value[key]), f"{key} is {value[key]!r}"
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in lengths else _with_bytes(one)
        for key, one in value.items()
    }
