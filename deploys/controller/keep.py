"""What only the controller has: packed into one encrypted file, from which a new controller is made."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.services import artifacts
from deploys.settings.catalogue import own
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

ENCRYPT = (
    "gpg", "--batch", "--yes", "--no-symkey-cache", "--symmetric", "--cipher-algo", "AES256",
    "--s2k-digest-algo", "SHA512", "--s2k-count", "65011712",
)  # fmt: skip
FILES_OF_DATA = ("certificate_file", "certificate_key_file")
"""Values that name a file of this machine."""


def parts(site: Site, inventory: str) -> list[Path]:
    """
    The files that are packed, relative to the repository's root.

    Args:
        site: the site
        inventory: path of its inventory

    Raises:
        PyinfraError: where one that the site needs is not there, or lies outside of the repository.
    """
    environment = site.shared.environment
    wanted = [Path(f".env.{environment}"), Path(inventory), *_of_data(site), *_of_services(site)]
    wanted += sorted(path for path in Path(site.authority_directory).glob("*") if path.is_file())
    wanted += sorted(Path("group_data").glob("*.py"))
    root = Path.cwd().resolve()
    found = []
    for path in dict.fromkeys(wanted):
        if not path.is_file():
            raise PyinfraError(f"{path} is not there, so nothing was packed: it belongs to the site.")
        if not path.absolute().is_relative_to(root):
            raise PyinfraError(
                f"{path} lies outside of {root}, so a new controller would not find it: move it below, and name it "
                "there in group_data. Nothing was packed."
            )
        found.append(path.absolute().relative_to(root))
    if not any(path.name == "authority.key" for path in found):
        raise PyinfraError(
            f"{site.authority_directory} has no authority.key: the site was never deployed from here. "
            "Nothing was packed."
        )
    return found


def _of_data(site: Site) -> Iterator[Path]:
    for host in site.hosts:
        for name in FILES_OF_DATA:
            if value := _value(host, name):
                yield Path(value)
    # All hosts have the same; a site without internet may have had it from elsewhere, as only a deploy needs it.
    for host in site.group("monitoring")[:1]:
        package = getattr(host.value("grafana_package"), "file", None)
        if package and Path(package).exists():
            yield Path(package)


def _of_services(site: Site) -> Iterator[Path]:
    """What services are made of: without it a new controller could not check the catalogue, let alone deploy it."""
    for name, service in own(site.shared).items():
        if service.source:
            path = Path(service.source.file)
            if not path.exists() and (made := artifacts.made_of(name, service.source)):
                # A bundle brought these instead.
                yield from made
                continue
            yield path
            if service.source.type == "wheels":
                yield from sorted(path.parent.glob("*.whl"))


def _value(host: SiteHost, name: str) -> str | None:
    try:
        found = host.value(name)
    except KeyError:
        return None
    return str(found) if found else None


def pack(site: Site, inventory: str, passphrase_file: str | None) -> str:
    """
    Pack them, and say where the file belongs.

    Args:
        site: the site
        inventory: path of its inventory
        passphrase_file: a file with the passphrase; None: gpg asks for it

    Raises:
        PyinfraError: where something is missing, or gpg fails.
    """
    environment, now = site.shared.environment, datetime.now(UTC)
    found = parts(site, inventory)
    target = Path(f".state/{environment}/tracseq-{environment}-{now:%Y%m%d-%H%M%S}.tar.gpg")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = ["--pinentry-mode", "loopback", "--passphrase-file", passphrase_file] if passphrase_file else []
    try:
        # An archive of images may be larger than this machine's memory.
        with tempfile.TemporaryFile(dir=target.parent) as archive:
            _archive(found, now, archive)
            archive.seek(0)
            done = subprocess.run(
                [*ENCRYPT, *given, "--output", str(target)], stdin=archive, capture_output=True, check=False
            )
    except FileNotFoundError as error:
        raise PyinfraError("gpg is not installed here: apt-get install gpg. Nothing was packed.") from error
    if done.returncode:
        target.unlink(missing_ok=True)
        raise PyinfraError(f"gpg did not encrypt it, and nothing was packed: {done.stderr.decode().strip()}")
    target.chmod(0o600)
    return (
        f"{target} holds {len(found)} files: secrets, authority, inventory and group_data of {environment},\n"
        "    and what its services are made of.\n"
        "    Put it where neither this machine nor any of the site's can take it along: on two sticks, one of them in\n"
        "    another building. Keep the passphrase apart from it, on paper. Pack anew after each change of secrets.\n"
        "    A new controller, from a clone of this repository: make unkeep FILE=…"
    )


def _archive(found: list[Path], now: datetime, target: IO[bytes]) -> None:
    # What is a link here (make site-files) must be a file there.
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for path in found:
            tar.add(path, arcname=str(path), filter=_owned_by_nobody)
        text = f"Packed {now:%Y-%m-%d %H:%M} UTC, at commit {_commit()}.\n".encode()
        about = tarfile.TarInfo(".state/kept")
        about.size, about.mode, about.mtime = len(text), 0o600, int(now.timestamp())
        tar.addfile(about, io.BytesIO(text))


def _owned_by_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that belongs to whoever unpacks it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown (no git here)"
