"""An image or another archive becomes one archive of a tree, each digest on the way checked."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from deploys.controller.images import layer, written
from deploys.controller.images.archive import ImageArchive, Layer
from deploys.controller.images.config import Config
from deploys.controller.images.layer import Room
from deploys.controller.images.tree import ArchiveError, Directory, File, Tree

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""How such files begin (RFC 1952, RFC 8878)."""
DIRECTORIES = ("proc", "sys", "dev", "run", "tmp", "var/tmp", "root", "home", "run/user")
FILES = ("etc/hosts", "etc/resolv.conf", "etc/tracseq/authority.crt")
"""What every unit has mounted into the tree of an image, or shut in it."""


def image(source: Path, architecture: str, target: Path, mount_points: Sequence[str] = ()) -> tuple[str, Config]:
    """
    Make an archive of a tree of an archive of an image.

    Args:
        source: the image's archive
        architecture: as images call it, such as ``amd64``
        target: path of the archive that is written
        mount_points: directories that must be there, beside those that every unit mounts something on: systemd makes
            what is missing, and the tree would no longer be what it was

    Returns:
        The digest of the tree, and the image's configuration.

    Raises:
        ArchiveError: where anything of it is not what it should be.
    """
    with _opened(source) as tar, TemporaryDirectory(dir=target.parent) as directory:
        archive = ImageArchive(tar, architecture)
        tree, room = Tree(), Room(Path(directory))
        for one in archive.layers:
            with _uncompressed(archive, one, Path(directory)) as file, _tar(file) as opened:
                layer.apply(opened, tree, room, image=True)
        layer.contained(tree)
        for path in (*DIRECTORIES, *mount_points):
            tree.directory(path.split("/"))
        for path in FILES:
            if not isinstance(tree.find(path.split("/")), File):
                empty = room.path()
                empty.touch()
                tree.put(path.split("/"), File(empty, 0))
        return written.write(tree, target), archive.config


def archive(source: Path, target: Path) -> str:
    """
    Make an archive of a tree of a tar archive.

    Args:
        source: the archive, compressed in any way that Python's tarfile knows
        target: path of the archive that is written

    Returns:
        The digest of the tree.
    """
    with _opened(source) as tar, TemporaryDirectory(dir=target.parent) as directory:
        tree = Tree()
        layer.apply(tar, tree, Room(Path(directory)), image=False)
        layer.contained(tree)
        return written.write(tree, target)


def program(source: Path, target: Path) -> str:
    """
    Make an archive of a tree of one program.

    Args:
        source: the program
        target: path of the archive that is written

    Returns:
        The digest of the tree.
    """
    tree = Tree()
    tree.root = Directory({source.name: File(source, source.stat().st_size, executable=True)})
    return written.write(tree, target)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        tar = tarfile.open(source, "r:*")  # noqa: SIM115 (it is closed below)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ArchiveError(f"it is no tar archive: {error}") from error
    with tar:
        yield tar


@contextmanager
def _uncompressed(archive: ImageArchive, one: Layer, directory: Path) -> Iterator[IO[bytes]]:
    """A layer as a file, its digests checked."""
    packed, plain = directory / "layer.packed", directory / "layer.tar"
    with archive.open(one) as source, packed.open("wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
    if one.digest and f"sha256:{_digest(packed)}" != one.digest:
        raise ArchiveError(f"layer {one.member} does not have the digest that it is named by")
    with packed.open("rb") as file:
        magic = file.read(4)
    programs = {GZIP: ["gzip"], ZSTANDARD: ["zstd"]}
    program = next((words for begin, words in programs.items() if magic.startswith(begin)), None)
    if program:
        _unpack(program[0], packed, plain)
    else:
        packed.rename(plain)
    if f"sha256:{_digest(plain)}" != one.diff_id:
        raise ArchiveError(f"layer {one.member} is not the one that the image's configuration names ({one.diff_id})")
    with plain.open("rb") as file:
        yield file


def _unpack(program: str, packed: Path, plain: Path) -> None:
    if not shutil.which(program):
        raise ArchiveError(f"its layers are compressed by {program}, and there is none: apt-get install {program}")
    with packed.open("rb") as source, plain.open("wb") as target:
        # It stops at what a tree may have: a small file can hold any number of zeros.
        limited = f"{program} -dc | head -c {layer.MOST_BYTES + 1}"
        subprocess.run(["sh", "-c", limited], stdin=source, stdout=target, stderr=subprocess.DEVNULL, check=False)


@contextmanager
def _tar(file: IO[bytes]) -> Iterator[tarfile.TarFile]:
    try:
        tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 (it is closed below)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"a layer is no tar archive: {error}") from error
    with tar:
        yield tar


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
