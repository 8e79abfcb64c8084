"""What a host unpacks to have a service's release: made once of the service's source, and kept."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from gevent.lock import RLock
from pydantic import TypeAdapter
from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import pip
from deploys.controller.images import unpacked
from deploys.controller.images.config import ARCHITECTURES, Config
from deploys.controller.images.tree import ArchiveError
from deploys.controller.services import digests
from deploys.controller.services.digests import CACHE
from deploys.controller.services.names import PREFIX
from deploys.engine.per_run import PerRun
from deploys.facts.machine import MachineState
from deploys.settings.debian import RELEASES
from deploys.settings.service import Service, Source

VERSION = 3
"""What is made differently of the same gets another number."""
SUFFIXES = ".json", ".tar.gz"
"""What lies in the cache of each artifact: what is known of it, and what a host unpacks."""


@dataclass(frozen=True)
class Artifact:
    """A release of a service."""

    release: str
    """The beginning of the digest of its tree: what names its directory."""
    archive: Path
    sha256: str
    """Of the archive."""
    config: Config | None = None
    """Where it is an image."""
    wheels: bool = False
    """Whether the archive is one of wheels, which the host's own Python installs."""


def of(name: str, service: Service, machine: MachineState) -> Artifact:
    """
    The release of a service for a kind of host; made if it is not in the cache.

    Args:
        name: of the service
        service: it
        machine: a host of that kind

    Raises:
        PyinfraError: where its source is not what it should be.
    """
    assert service.source
    known, kind = _of_run(), (name, machine.values["architecture"], RELEASES[machine.values["version"]].python)
    # While one is made for a host, others ask for theirs: the lock on the file is a process' own, and would never come.
    with _making:
        if kind not in known:
            known[kind] = made(name, service.source, kind[1], kind[2])
    return known[kind]


def made_of(name: str, source: Source) -> list[Path]:
    """The files in the cache that were made of a service's source, such as those that came with a bundle."""
    found = []
    for about in sorted(CACHE.glob(f"{name}-*{SUFFIXES[0]}")):
        archive = about.with_suffix(SUFFIXES[1])
        if archive.exists() and json.loads(about.read_text()).get("source") == source.sha256:
            found += [about, archive]
    return found


def made(name: str, source: Source, machine: str, python: str) -> Artifact:
    """
    The artifact of a service's source, from the cache or made anew.

    Args:
        name: of the service
        source: it
        machine: the hosts' architecture, as ``uname -m`` says
        python: the hosts' Python, such as ``3.11.2``

    Raises:
        PyinfraError: where the source is not what it should be, or is not on this machine.
    """
    # What a tree is made of, and nothing else: hosts of both Debians share what is the same for both.
    of_host = f" {machine} {python}" if source.type == "wheels" else f" {machine}" if source.type == "image" else ""
    key = sha256(f"{VERSION} {source.type} {source.sha256} {Path(source.file).name} {name}{of_host}".encode())
    archive = CACHE / f"{name}-{key.hexdigest()[:16]}{SUFFIXES[1]}"
    about = archive.with_suffix("").with_suffix(SUFFIXES[0])
    CACHE.mkdir(parents=True, exist_ok=True)
    # Another run of this machine may be making the same.
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not about.exists() or not archive.exists():
            if not Path(source.file).exists():
                raise PyinfraError(
                    f"services.{name}.source.file (in group_data/all.py, or what overrides it): {source.file} is not "
                    f"on this machine, and what a bundle brought was not made for {machine} with Python {python}. No "
                    "host was changed."
                )
            logger.info(f"Reading {source.file} of {name} …")
            partial = archive.with_suffix(".partial")
            try:
                tree, config = _read(name, source, machine, python, partial)
            except ArchiveError as error:
                partial.unlink(missing_ok=True)
                raise PyinfraError(
                    f"services.{name}.source.file (in group_data/all.py, or what overrides it): {source.file}: "
                    f"{error}. No host was changed."
                ) from error
            partial.rename(archive)
            known = {
                "source": source.sha256, "tree": tree, "sha256": digests.of(archive),
                "config": asdict(config) if config else None,
            }  # fmt: skip
            unfinished = about.with_suffix(".partial")
            unfinished.write_text(json.dumps(known))
            unfinished.rename(about)
    found = json.loads(about.read_text())
    config = TypeAdapter(Config).validate_python(found["config"]) if found["config"] else None
    return Artifact(found["tree"][:16], archive, found["sha256"], config, source.type == "wheels")


def _read(name: str, source: Source, machine: str, python: str, target: Path) -> tuple[str, Config | None]:
    path = Path(source.file)
    if source.type == "wheels":
        with TemporaryDirectory(dir=CACHE) as directory:
            pip.download(f"The wheels of {source.file}", path, Path(directory), python, machine)
            packed = Path(directory) / "wheels.tar"
            pip.pack(Path(directory), packed)
            return unpacked.archive(packed, target), None
    if source.type == "program":
        return unpacked.program(path, target), None
    if source.type == "archive":
        return unpacked.archive(path, target), None
    return unpacked.image(path, ARCHITECTURES.get(machine, machine), target, [f"var/lib/{PREFIX}{name}"])


_making = RLock()
_of_run: PerRun[dict[tuple[str, str, str], Artifact]] = PerRun(dict)
