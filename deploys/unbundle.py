"""
Check a bundle (make bundle) and unpack it: all of it, or nothing.

    make unbundle FILE=tracseq-2.0.0-….tar                        into this clone
    python3 unbundle.py tracseq-2.0.0-….tar tracseq-onprem        into a new directory, on a machine with nothing yet

The second is for a copy of this file, which is in the bundle: tar -xf FILE unbundle.py. It needs Python and git, no
network, and no other module. With SHA256=… (a third word) the file must have that checksum, which `make bundle` said.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

SUMS, REPOSITORY, SELF = "SHA256SUMS", "repository.bundle", "unbundle.py"
RELEASE = "refs/remotes/bundle/release"
DIRECTORIES = ("wheels", "controller", "packages", "services")
"""What a bundle may hold beside them: each takes its place in .cache."""
NAME = re.compile(rf"({'|'.join(DIRECTORIES)})(/[A-Za-z0-9][A-Za-z0-9._+!~-]*){{1,3}}")
LARGEST_SUMS = 4 * 1024 * 1024


class BundleError(Exception):
    """The bundle cannot be unpacked; its text says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Unpack what the command line names; 1 where it cannot be."""
    try:
        file, target, *wanted = (*arguments, ".")[: max(2, len(arguments))]
        print(f"--> {unpacked(Path(file), Path(target), wanted[0] if wanted else '')}")
    except ValueError:
        print("Say which file: make unbundle FILE=tracseq-2.0.0-….tar")
        return 1
    except BundleError as error:
        print(f"{error} Nothing was unpacked.")
        return 1
    return 0


def unpacked(file: Path, target: Path, wanted: str = "") -> str:
    """
    Check a bundle, and put its parts where they belong.

    Args:
        file: the bundle
        target: a clone of this repository, or a directory that is not there yet
        wanted: the SHA-256 that it must have; empty: any

    Returns:
        what there is now, and what to do next
    """
    target = target.absolute()
    if not file.is_file():
        raise BundleError(f"There is no file {file}.")
    if not shutil.which("git"):
        raise BundleError(
            "git is not installed here; docs/operations/without-internet.md says how to get it from FILE."
        )
    fresh = not target.exists()
    if not fresh and not (target / ".git").exists():
        raise BundleError(
            f"{target} is there, and no clone of this repository: name a directory that is not there yet."
        )
    partial = target.with_name(f"{target.name}.partial") if fresh else target / ".cache/unbundle.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        free, size = shutil.disk_usage(partial).free, file.stat().st_size
        if free < 2 * size:
            raise BundleError(f"{target} has room for {free >> 20} MB, and this needs {2 * size >> 20} MB.")
        if wanted and wanted.lower() != (found := _digest(file)):
            raise BundleError(f"{file} is not the file that was made: its SHA-256 is {found}. Copy it anew.")
        _take_out(file, partial / "new")
        return _made(partial, target) if fresh else _added(partial / "new", target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _take_out(file: Path, place: Path) -> None:
    """Every file of the bundle, below a place of its own: none that has no checksum, or another one."""
    damaged = f"{file} is damaged, or no bundle"
    try:
        # Uncompressed, and read from its beginning to its end: it takes no more room than it has bytes.
        with tarfile.open(file, "r|") as tar:
            sums: dict[str, str] | None = None
            for entry in tar:
                if entry.type != tarfile.REGTYPE or entry.issparse():
                    raise BundleError(f"{damaged}: {entry.name!r} is no plain file.")
                opened = tar.extractfile(entry)
                if opened is None:
                    raise BundleError(f"{damaged}: {entry.name!r} has no content.")
                if sums is None:
                    if entry.name != SUMS or entry.size > LARGEST_SUMS:
                        raise BundleError(f"{damaged}: it does not begin with its checksums.")
                    pairs = (line.split("  ", 1) for line in opened.read().decode().splitlines())
                    sums = {name: digest for digest, name in pairs}
                    continue
                if entry.name not in (REPOSITORY, SELF) and not NAME.fullmatch(entry.name):
                    raise BundleError(f"{damaged}: it has {entry.name!r}, which is nothing of a bundle.")
                path = place / entry.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as copy:
                    shutil.copyfileobj(opened, copy)
                if sums.pop(entry.name, None) != _digest(path):
                    raise BundleError(f"{damaged}: {entry.name} is not what its checksum says. Copy it anew.")
    except (tarfile.TarError, OSError, ValueError) as error:
        raise BundleError(f"{damaged}: {error}. Copy it anew.") from error
    if sums is None or sums:
        raise BundleError(f"{damaged}: {len(sums or ())} of its files are missing. Copy it anew.")


def _fetched(bundle: Path, target: Path) -> str:
    """The release's commits, in a clone; the name of the newest."""
    _git(target, "-c", "fetch.fsckObjects=true", "fetch", "--quiet", str(bundle.resolve()), f"+HEAD:{RELEASE}")
    return _git(target, "rev-parse", "--short=12", RELEASE)


def _made(partial: Path, target: Path) -> str:
    clone = partial / "clone"
    _git(partial, "init", "--quiet", "--initial-branch=main", str(clone))
    commit = _fetched(partial / "new" / REPOSITORY, clone)
    _git(clone, "reset", "--quiet", "--hard", RELEASE)
    _place(partial / "new", clone)
    clone.rename(target)
    return (
        f"{target} has commit {commit}. Now: cd {target}; make unkeep FILE=…, or an inventory; make deploy INVENTORY=…"
    )


def _added(new: Path, target: Path) -> str:
    commit = _fetched(new / REPOSITORY, target)
    _place(new, target)
    ahead = _git(target, "rev-list", "--count", f"HEAD..{RELEASE}")
    return f"Commit {commit} is bundle/release, {ahead} commits after this clone's. Now: git merge bundle/release"


def _place(new: Path, target: Path) -> None:
    cache = target / ".cache"
    cache.mkdir(mode=0o700, exist_ok=True)
    # Of these nothing of the last bundle stays.
    for directory in (*new.glob("controller"), *new.glob("packages/*")):
        shutil.rmtree(cache / directory.relative_to(new), ignore_errors=True)
    for path in sorted(new.glob("*/**/*")):
        if path.is_file():
            place = cache / path.relative_to(new)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"git did not take the release: {done.stderr.strip()}.")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
