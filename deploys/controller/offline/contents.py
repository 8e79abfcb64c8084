"""What is in a bundle, and where on this machine it comes from."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

from deploys.controller import pip, wheels
from deploys.controller.offline import debian
from deploys.controller.offline.places import CACHE, GOES_ALONG, OWN_WHEELS, PACKAGES, REPOSITORY, SELF, WHEELS
from deploys.controller.releases import bill as bills
from deploys.facts.redis_software import SOFTWARE
from deploys.settings import declarations
from deploys.settings.debian import RELEASES

WORK = CACHE / "bundle"
LOCK = Path("requirements.lock")


def contents(suites: Sequence[str], archive: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """
    Make all parts, in .cache/bundle; the name of each file in the bundle, and where it is.

    Args:
        suites: Debian releases whose packages go along
        archive: addresses of Debian's archive and of its security archive; none: those of this machine's own apt

    Raises:
        PyinfraError: where a part cannot be had.
    """
    for name in (WHEELS, OWN_WHEELS, PACKAGES):
        shutil.rmtree(WORK / name, ignore_errors=True)
    WORK.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield SELF, Path("deploys/unbundle.py")
    yield REPOSITORY, _repository()
    yield from _gateway()
    yield from _own_wheels()
    for suite in suites:
        yield from _packages(suite, archive or debian.archive())
    for name in GOES_ALONG:
        for path in sorted((CACHE / name).glob("*")):
            if path.is_file() and path.suffix not in (".partial", "") and path.stat().st_size:
                yield f"{name}/{path.name}", path


def commit() -> str:
    """
    The commit that goes along.

    Raises:
        PyinfraError: where that is not what lies here.
    """
    changed = _git("status", "--porcelain", "--untracked-files=no")
    if changed:
        raise PyinfraError(
            "A bundle holds a commit, and these files are not as the newest one has them: commit them first (git "
            f"commit -a), or put them away (git stash).\n{changed}"
        )
    if _git("rev-parse", "--is-shallow-repository") == "true":
        raise PyinfraError("A bundle holds all commits, and this clone has the last ones only: git fetch --unshallow.")
    return _git("rev-parse", "--short=12", "HEAD")


def _repository() -> Path:
    target = WORK / REPOSITORY
    # On one thread: the same commits make the same bytes.
    _git("-c", "pack.threads=1", "bundle", "create", "--quiet", str(target), "HEAD")
    return target


def _gateway() -> Iterator[tuple[str, Path]]:
    (WORK / WHEELS).mkdir()
    for debian_release in RELEASES.values():
        archive = wheels.bundle(debian_release.python, platform.machine()).archive
        bill = WORK / WHEELS / f"{archive.stem}.cdx.json"
        bill.write_text(bills.bill(archive))
        yield f"{WHEELS}/{archive.name}", archive
        yield f"{WHEELS}/{bill.name}", bill


def _own_wheels() -> Iterator[tuple[str, Path]]:
    """What `make .venv` installs here, for the Python of each Debian that a controller may have."""
    found: dict[str, Path] = {}
    for name, debian_release in RELEASES.items():
        directory = WORK / OWN_WHEELS / name
        directory.mkdir(parents=True)
        pip.download(f"What {LOCK} names", LOCK, directory, debian_release.python, platform.machine())
        found |= {path.name: path for path in directory.glob("*.whl")}
    for name, path in found.items():
        yield f"{OWN_WHEELS}/{name}", path


def _packages(suite: str, archive: Sequence[str]) -> Iterator[tuple[str, Path]]:
    target = WORK / PACKAGES / suite
    pgvector = [release.pgvector for release in RELEASES.values() if release.suite == suite and release.has_pgvector]
    known = [SOFTWARE[name] for one in RELEASES.values() if one.suite == suite for name in one.redis_software]
    redis = [package for one in known for package in (one.server, one.sentinel)]
    wanted = tuple(dict.fromkeys((*declarations.all_packages(), *pgvector, *redis, *debian.FOR_THE_CONTROLLER)))
    debian.fetched(suite, wanted, archive, WORK / "apt" / suite, target)
    for path in sorted(target.iterdir()):
        yield f"{PACKAGES}/{suite}/{path.name}", path


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PyinfraError(f"git {arguments[0]} failed, and no bundle was made: {done.stderr.strip()}")
    return done.stdout.strip()
