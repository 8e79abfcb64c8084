"""Python's log records as JSON lines."""

import json
import logging
from datetime import UTC, datetime

from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.logs.journal import is_journal, priority
from tracseq_gateway.logs.masking import Masker
from tracseq_gateway.logs.sink import LogSink


class EventLog(logging.Handler):
    """Writes each record as one line of JSON, masked, and at once."""

    def __init__(self, sink: LogSink, masker: Masker) -> None:
        super().__init__()
        self._sink = sink
        self._masker = masker
        # Lines of the access log need none: what has none is of the priority that they have (info).
        self._with_priority = is_journal()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; what fails in logging fails nothing else."""
        try:
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + logging.Formatter().formatException(record.exc_info)
            event = {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname,
                "logger": record.name,
                "message": self._masker.text(message),
            }
            urgency = priority(record.levelno) if self._with_priority else ""
            self._sink.write(f"{urgency}{json.dumps(event)}\n".encode())
            self._sink.flush()
        except Exception:
            self.handleError(record)


def start_logging(settings: Settings) -> LogSink:
    """Send all log records to the sink and return it."""
    sink = LogSink()
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(EventLog(sink, Masker(settings.log_mask_fields)))
    root.setLevel(logging.DEBUG if settings.gateway_debug else settings.log_level)
    if not settings.gateway_debug:
        # It tells of each attempt to connect with a traceback; that the database is away is
        # said once by those who need it.
        logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    return sink
