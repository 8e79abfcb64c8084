"""A disk of a lab's machine, with a file system and a size of its own, as real machines have it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import lab

EXPORTER = "systemctl restart prometheus-node-exporter"
"""It is in a mount namespace of its own, which was made when it was started."""


@contextmanager
def disk(name: str, path: str, megabytes: int) -> Iterator[None]:
    """
    Mount an empty disk on a machine, and have its exporter see it.

    Args:
        name: of the machine
        path: where it is mounted
        megabytes: its size
    """
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as image:
        image.truncate(megabytes << 20)
        _done("mkfs.ext4", "-q", "-F", image.name)
        device = Path(_done("losetup", "--find", "--show", image.name))
        try:
            _done(
                "nsenter", f"--target={lab.first_process(name)}", "--mount", "--root", "--wd", "sh", "-euc",
                # The machine has no such devices, and may make none.
                f"mkdir -p {path}; mknod /dev/lab-disk b {_number(device)}; mount -t ext4 /dev/lab-disk {path}; "
                "rm /dev/lab-disk",
            )  # fmt: skip
        finally:
            # As long as it is mounted, the kernel keeps it.
            _done("losetup", "--detach", str(device))
        try:
            lab.ssh(name, EXPORTER)
            yield
        finally:
            lab.ssh(name, f"umount {path}; rmdir {path}; {EXPORTER}")


def _number(device: Path) -> str:
    return _done("stat", "--format=0x%t 0x%T", str(device))


def _done(*line: str) -> str:
    return subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
