"""Makes a span of each request whose trace is recorded."""

from time import time_ns

from tracseq_gateway.logs.masking import Masker
from tracseq_gateway.record import RequestRecord
from tracseq_gateway.tracing.exporter import SpanExporter
from tracseq_gateway.tracing.span import Span


class Tracer:
    """Hands the spans of recorded traces to the exporter."""

    def __init__(self, exporter: SpanExporter, masker: Masker) -> None:
        self._exporter = exporter
        self._masker = masker

    def request_ended(self, record: RequestRecord, seconds: float) -> None:
        """Keep the span of a request, where its trace is recorded."""
        trace = record.trace
        if not trace.sampled:
            return
        path = record.request.path.decode("latin-1")
        self._exporter.take(
            Span(
                trace.trace_id,
                trace.span_id,
                trace.parent_id,
                time_ns(),
                seconds,
                record.request.method,
                self._masker.patterns(path) if "@" in path or "%40" in path else path,
                record.status,
                record.service.name if record.service else "",
                record.server_label,
                record.cause,
                record.client.address,
                record.request_id,
            )
        )
