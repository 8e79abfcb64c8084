"""Entries on disk, until the database has them.

A segment is a file of entries, one a line. While it is written its name ends in ``.open``
and the writer holds a lock on it; then it is renamed to ``<time>-<random>-<entries>.ready``.
A lock ends with its process, so a segment that is open and not locked was left behind and
anybody may take it over. Nothing here is lost when a process is killed; ``fdatasync`` makes
that true for the machine as well.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SEGMENT_BYTES = 4_194_304


class Spool:
    """The folder of segments, shared by all workers of a gateway.

    Args:
        clock: tells the time in nanoseconds, by which segments are put in order.
    """

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._folder = folder
        self._clock = clock
        self._descriptor: int | None = None
        self._path = folder
        self._entries = 0
        self._bytes = 0

    def append(self, lines: list[bytes]) -> None:
        """Write entries to the disk.

        Raises:
            OSError: they could not be written; none of them counts as written.
        """
        descriptor = self._open() if self._descriptor is None else self._descriptor
        data = b"".join(lines)
        start = self._bytes
        try:
            while data:
                written = os.write(descriptor, data)
                self._bytes += written
                data = data[written:]
            os.fdatasync(descriptor)
        except OSError:
            self._bytes = start
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, start)
            raise
        self._entries += len(lines)
        if self._bytes >= SEGMENT_BYTES:
            self.seal()

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{self._clock():020d}-{os.urandom(4).hex()}.open"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._entries = self._bytes = 0
        return self._descriptor

    def seal(self) -> None:
        """End the segment that is written now, so that it can be delivered."""
        if self._descriptor is None:
            return
        os.rename(self._path, self._path.with_name(f"{self._path.stem}-{self._entries}.ready"))
        os.close(self._descriptor)
        self._descriptor = None

    def prepare(self, *, seal: bool) -> None:
        """Make what can be delivered ready: what others left behind, and the segment written now."""
        self._adopt()
        if seal or not self.ready():
            self.seal()

    def _adopt(self) -> None:
        for path in self._folder.glob("*.open"):
            with contextlib.suppress(OSError), _locked(path) as mine:
                if mine:
                    entries = path.read_bytes().count(b"\n")
                    path.rename(path.with_name(f"{path.stem}-{entries}.ready"))

    def ready(self) -> list[Path]:
        """Return the sealed segments, the oldest first."""
        return sorted(self._folder.glob("*.ready"))

    @contextlib.contextmanager
    def claim(self, segment: Path) -> Iterator[bool]:
        """Keep other workers from delivering a segment meanwhile; false when one does already."""
        try:
            with _locked(segment) as mine:
                yield mine
        except FileNotFoundError:
            yield False

    def backlog(self) -> int:
        """Return how many entries are not delivered."""
        return self._entries_open + sum(int(path.stem.rpartition("-")[2]) for path in self.ready())

    def oldest(self) -> float | None:
        """Return since when entries lie here, in seconds since 1970; nothing where there are none."""
        paths = [*self.ready(), *([self._path] if self._entries_open else [])]
        return min((int(path.name.partition("-")[0]) / 1e9 for path in paths), default=None)

    def state(self) -> tuple[int, float | None]:
        """Return the backlog, and since when there is one."""
        return self.backlog(), self.oldest()

    @property
    def _entries_open(self) -> int:
        return self._entries if self._descriptor is not None else 0


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
