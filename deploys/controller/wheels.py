"""The gateway and all that it needs as wheels, built here for the hosts' own Python."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gevent.lock import RLock
from pyinfra import logger

from deploys.controller import pip

SOURCE = Path("gateway")
CACHE = Path(".cache/wheels")
WHAT = "The gateway's wheels"


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
    wheels = archive.with_suffix(".partial")
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    pip.download(WHAT, SOURCE / "requirements.lock", wheels, python, machine)
    pip.run(WHAT, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", f"./{SOURCE}")
    pip.pack(wheels, archive)
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
