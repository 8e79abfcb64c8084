"""The file or stream that log lines go to."""

import contextlib
import os
from pathlib import Path

MAX_KEPT_BYTES = 65_536
STANDARD_ERROR = 2


class LogSink:
    """Gathers lines and writes them whole.

    A file is opened for appending and opened anew when its name no longer leads to it, so
    that it may be rotated by renaming at any time: lines go to the old file until the next
    write and to the new one from then on. Several processes may write to one file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = STANDARD_ERROR if path is None else self._open(path)
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
        if not self._kept:
            return
        data = b"".join(self._kept)
        self._kept = []
        self._kept_bytes = 0
        if self._path is not None:
            self._follow_rotation(self._path)
        # A full disk or a closed pipe must not stop requests.
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def _follow_rotation(self, path: Path) -> None:
        mine = os.fstat(self._descriptor)
        try:
            named = os.stat(path)
            moved = (named.st_ino, named.st_dev) != (mine.st_ino, mine.st_dev)
        except OSError:
            moved = True
        if not moved:
            return
        # Where no new file can be made, the old one is better than none.
        with contextlib.suppress(OSError):
            descriptor = self._open(path)
            os.close(self._descriptor)
            self._descriptor = descriptor

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        if self._path is not None:
            os.close(self._descriptor)
            self._path, self._descriptor = None, STANDARD_ERROR
