"""The gateway and all that it needs as wheels, built here for the hosts' own Python."""

from __future__ import annotations

import fcntl
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gevent.lock import RLock
from packaging.requirements import Requirement
from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

SOURCE = Path("gateway")
CACHE = Path(".cache/wheels")
FIRST_TIME = "315532800"
"""The first moment that a zip archive can hold, 1980-01-01, in seconds since 1970."""
GLIBC = ("2_17", "2_28", "2_34", "2_36")
"""The manylinux platforms that Debian 12 and every later one can run (PEP 600)."""


@dataclass(frozen=True)
class Bundle:
    """A release of the gateway, as one archive of wheels."""

    release: str
    """Its version and a digest of its sources, lock file and Python: what names its directory."""
    archive: Path


class Bundles:
    """The wheels for each kind of host of a run, made for the first host that asks."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._made: dict[tuple[str, str], Bundle] = {}

    def of(self, python: str, machine: str) -> Bundle:
        """The wheels for hosts with this Python and architecture; see ``bundle()``."""
        with self._lock:
            if (python, machine) not in self._made:
                self._made[python, machine] = bundle(python, machine)
            return self._made[python, machine]


def bundle(python: str, machine: str) -> Bundle:
    """
    The wheels for one kind of host; built if it is not in the cache.

    Args:
        python: the hosts' Python, such as ``3.11.2``
        machine: the hosts' architecture, as ``uname -m`` says

    Raises:
        PyinfraError: with what pip said, where a wheel cannot be had.
    """
    minor = ".".join(python.split(".")[:2])
    version = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]["version"]
    kind = f"{python} {machine}\n"
    release = f"{version}-{_digest(kind).hexdigest()[:10]}"
    archive = CACHE / f"{release}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        # Another run of this machine may be building the same, in the same place.
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not archive.exists():
                logger.info(f"Building the gateway {release} for Python {minor} on {machine} …")
                _build(archive, python, machine)
    return Bundle(release, archive)


def _build(archive: Path, python: str, machine: str) -> None:
    minor = ".".join(python.split(".")[:2])
    wheels = archive.with_suffix(".partial")
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    locked = wheels / "requirements.txt"
    locked.write_text("\n".join(_locked_for(python, machine)) + "\n")
    platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
    platforms.append(f"--platform=manylinux2014_{machine}")
    _pip(
        "download", "--require-hashes", "--no-deps", "--only-binary=:all:",
        f"--python-version={minor}", "--implementation=cp", f"--abi=cp{minor.replace('.', '')}",
        "--abi=abi3", "--abi=none", *platforms, f"--dest={wheels}", f"--requirement={locked}",
    )  # fmt: skip
    _pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", f"./{SOURCE}")
    _pack(wheels, archive)
    shutil.rmtree(wheels)


def source() -> str:
    """A digest of what a release is made of: releases for different Pythons have the same one."""
    return _digest("").hexdigest()[:10]


def _digest(begin: str) -> hashlib._Hash:
    digest = hashlib.sha256(begin.encode())
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(SOURCE)}\n".encode() + path.read_bytes())
    return digest


def _sources() -> Iterator[Path]:
    """The files that a release is made of."""
    for path in (SOURCE / "pyproject.toml", SOURCE / "requirements.lock", SOURCE / "README.md"):
        yield path
    for path in (SOURCE / "src").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
            yield path


def _locked_for(python: str, machine: str) -> Iterator[str]:
    """The lines of the lock file that hold for a host: pip would ask its own Python, not the host's."""
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
    text = (SOURCE / "requirements.lock").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        specification, *hashes = line.split(" --hash=")
        requirement = Requirement(specification.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            requirement.marker = None
            yield " --hash=".join([str(requirement), *(value.strip() for value in hashes)])


def _pip(*arguments: str) -> None:
    # Without the time a wheel has those at which this clone's files were written (reproducible-builds.org).
    command = ["env", f"SOURCE_DATE_EPOCH={FIRST_TIME}", sys.executable, "-m", "pip", *arguments]
    done = subprocess.run([*command, "--quiet", "--disable-pip-version-check"], capture_output=True, text=True)
    if done.returncode:
        raise PyinfraError(
            "The gateway's wheels cannot be built on this machine, and no host was touched. "
            f"pip {arguments[0]} said:\n{done.stderr.strip()[-2000:]}"
        )


def _pack(wheels: Path, archive: Path) -> None:
    partial = archive.with_suffix(".partial.tar")
    with tarfile.open(partial, "w") as tar:
        for path in sorted(wheels.iterdir()):
            entry = tarfile.TarInfo(path.name)
            data = path.read_bytes()
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    partial.rename(archive)
