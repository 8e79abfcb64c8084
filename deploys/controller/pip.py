"""Wheels of a lock file for hosts whose Python and architecture are not this machine's, by pip."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from pyinfra.api.exceptions import PyinfraError

FIRST_TIME = "315532800"
"""The first moment that a zip archive can hold, 1980-01-01, in seconds since 1970."""
GLIBC = ("2_17", "2_28", "2_34", "2_36")
"""The manylinux platforms that Debian 12 and every later one can run (PEP 600)."""


def download(what: str, lock: Path, wheels: Path, python: str, machine: str) -> None:
    """
    Have the wheels of a lock file, each with one of the hashes that it has there.

    Args:
        what: what they are of, for errors
        lock: the lock file; wheels that lie beside it are found too
        wheels: the directory that they come to, which is empty
        python: the hosts' Python, such as ``3.11.2``
        machine: the hosts' architecture, as ``uname -m`` says

    Raises:
        PyinfraError: with what pip said, where a wheel cannot be had.
    """
    minor = ".".join(python.split(".")[:2])
    locked = wheels / "requirements.txt"
    locked.write_text("\n".join(_locked_for(lock, python, machine)) + "\n")
    platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
    platforms.append(f"--platform=manylinux2014_{machine}")
    run(
        what,
        "download", "--require-hashes", "--no-deps", "--only-binary=:all:",
        f"--python-version={minor}", "--implementation=cp", f"--abi=cp{minor.replace('.', '')}",
        "--abi=abi3", "--abi=none", *platforms, f"--find-links={lock.parent}", f"--dest={wheels}",
        f"--requirement={locked}",
    )  # fmt: skip


def run(what: str, *arguments: str) -> None:
    """
    Run pip.

    Args:
        what: what is made with it
        *arguments: pip's

    Raises:
        PyinfraError: with what pip said.
    """
    # Without it a wheel has the times at which this clone's files were written (reproducible-builds.org).
    command = ["env", f"SOURCE_DATE_EPOCH={FIRST_TIME}", sys.executable, "-m", "pip", *arguments]
    done = subprocess.run([*command, "--quiet", "--disable-pip-version-check"], capture_output=True, text=True)
    if done.returncode:
        raise PyinfraError(
            f"{what} cannot be had on this machine, and no host was touched. "
            f"pip {arguments[0]} said:\n{done.stderr.strip()[-2000:]}"
        )


def pack(wheels: Path, archive: Path) -> None:
    """
    Make an archive of a directory of wheels, the same of the same.

    Args:
        wheels: the directory
        archive: path of the archive
    """
    partial = archive.with_suffix(".partial.tar")
    with tarfile.open(partial, "w") as tar:
        for path in sorted(wheels.iterdir()):
            entry = tarfile.TarInfo(path.name)
            data = path.read_bytes()
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    partial.rename(archive)


def _locked_for(lock: Path, python: str, machine: str) -> Iterator[str]:
    """The lines of a lock file that hold for a host: pip would ask its own Python, not the host's."""
    environment = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    text = lock.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        specification, *hashes = line.split(" --hash=")
        requirement = Requirement(specification.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            requirement.marker = None
            yield " --hash=".join([str(requirement), *(value.strip() for value in hashes)])
