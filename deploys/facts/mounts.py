"""The file systems of a host, and how full they are."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class Mount:
    """A file system that the host has mounted."""

    path: str
    used: int
    """Bytes."""
    available: int
    """Bytes that others than root may still write."""
    inodes_used: int
    inodes: int
    """0 where the file system has no fixed number of them."""

    @property
    def full(self) -> float:
        """How much of what may be written is, in percent: bytes or inodes, whichever is more."""
        written = self.used + self.available
        return max(
            100 * self.used / written if written else 0.0,
            100 * self.inodes_used / self.inodes if self.inodes else 0.0,
        )


class Mounts(FactBase[tuple[Mount, ...]]):
    """The local file systems that can be written to, by df(1); not those of the kernel and of ``/run`` and ``/tmp``."""

    def command(self) -> str:
        # A file system that hangs must not hold the others up.
        return """
timeout 5 df --local --block-size=1 --exclude-type=squashfs --exclude-type=iso9660 \\
  --output=used,avail,iused,itotal,target 2>/dev/null |
  tail -n +2 | grep -Ev ' /(dev|proc|run|sys|tmp)(/.*)?$'
true
"""

    @staticmethod
    def default() -> tuple[Mount, ...]:
        return ()

    def process(self, output: list[str]) -> tuple[Mount, ...]:
        found = {}
        for line in output:
            used, available, inodes_used, inodes, path = line.split(maxsplit=4)
            # What is mounted over something else hides it: the later line counts.
            found[path] = Mount(path, _number(used), _number(available), _number(inodes_used), _number(inodes))
        return tuple(found[path] for path in sorted(found))


def _number(text: str) -> int:
    """A number of df's; ``-`` is one that the file system does not have."""
    return int(text) if text.isdigit() else 0
