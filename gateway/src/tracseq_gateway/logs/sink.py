"""Where log lines go: standard error, which systemd hands to the journal."""

import contextlib
import os

MAX_KEPT_BYTES = 65_536
STANDARD_ERROR = 2


class LogSink:
    """Gathers lines and writes them whole, many at once."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._kept_bytes = 0

    def write(self, line: bytes) -> None:
        """Take a line, its end included; it is written at the next ``flush`` or soon before."""
        self._kept.append(line)
        self._kept_bytes += len(line)
        if self._kept_bytes >= MAX_KEPT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the lines taken so far."""
        data = b"".join(self._kept)
        self._kept = []
        self._kept_bytes = 0
        # A full disk or a closed pipe must not stop requests.
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(STANDARD_ERROR, data) :]
