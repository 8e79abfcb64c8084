"""An image becomes one tree: its layers one after the other, whiteouts, and what it says of how it is run."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploys.controller.images import unpacked
from deploys.controller.images.tree import ArchiveError
from tests import images
from tests.images import archived, directory, file, hard, layer, layout, link, saved

BASE = layer(
    directory("usr/bin"),
    file("usr/bin/program", "first", 0o4755),
    file("etc/kept", "kept"),
    file("etc/gone", "gone"),
    file("srv/old/one", "1"),
    file("srv/old/two", "2"),
    link("bin", "usr/bin"),
    link("etc/alternative", "/etc/kept"),
    hard("usr/bin/other", "usr/bin/program"),
)
ABOVE = layer(
    file("etc/.wh.gone"),
    # What comes before the whiteout of its own layer is not what it hides.
    file("srv/old/new", "new"),
    file("srv/old/.wh..wh..opq"),
    file("bin/tool", "by a link", 0o755),
    file("usr/bin/program", "second", 0o755),
)
OF_RUN: dict[str, Any] = {
    "Entrypoint": ["/usr/bin/program"],
    "Cmd": ["--port", "8080"],
    "Env": ["PATH=/usr/bin", "EMPTY=", "WITH=a=b"],
    "WorkingDir": "/srv",
    "User": "1000:1000",
    "ExposedPorts": {"8080/tcp": {}},
}


def read(path: Path) -> dict[str, tuple[str, str]]:
    """What an archive holds: of each path its mode and content, or where it links to."""
    with tarfile.open(path) as tar:
        return {
            member.name: (f"{member.mode:o}", tar.extractfile(member).read().decode())  # type: ignore[union-attr]
            if member.isreg()
            else ("link", member.linkname) if member.issym() else (f"{member.mode:o}", "/")
            for member in tar
        }  # fmt: skip


def unpack(files: Mapping[str, bytes], tmp_path: Path, architecture: str = "amd64") -> dict[str, tuple[str, str]]:
    unpacked.image(archived(files, tmp_path / "image.tar"), architecture, tmp_path / "tree.tar.gz")
    return read(tmp_path / "tree.tar.gz")


def test_layers_whiteouts_and_links(tmp_path: Path) -> None:
    tree = unpack(layout([BASE, ABOVE]), tmp_path)
    assert tree["usr/bin/program"] == ("755", "second")
    assert tree["usr/bin/other"] == ("755", "first"), "what was linked keeps what it had, and no setuid"
    assert tree["usr/bin/tool"] == ("755", "by a link")
    assert tree["bin"] == ("link", "usr/bin")
    assert tree["etc/alternative"] == ("link", "/etc/kept")
    assert tree["etc/kept"] == ("644", "kept")
    assert "etc/gone" not in tree
    assert {name for name in tree if name.startswith("srv/")} == {"srv/old", "srv/old/new"}
    assert not any(".wh." in name for name in tree)
    assert {"proc", "sys", "dev", "run", "tmp", "var/tmp", "etc/hosts", "etc/resolv.conf"} <= set(tree)


@pytest.mark.parametrize("packed", images.PACKED)
def test_each_layout_and_compression_makes_the_same_tree(packed: str, tmp_path: Path) -> None:
    one = unpacked.image(archived(layout([BASE, ABOVE], packed), tmp_path / "a.tar"), "amd64", tmp_path / "a.tar.gz")
    two = unpacked.image(archived(saved([BASE, ABOVE]), tmp_path / "b.tar"), "amd64", tmp_path / "b.tar.gz")
    assert one[0] == two[0]
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_what_it_says_of_how_it_is_run(tmp_path: Path) -> None:
    source = archived(layout([BASE], **OF_RUN), tmp_path / "image.tar")
    _, config = unpacked.image(source, "amd64", tmp_path / "tree.tar.gz")
    assert config.command == ("/usr/bin/program", "--port", "8080")
    assert config.environment == {"PATH": "/usr/bin", "EMPTY": "", "WITH": "a=b"}
    assert (config.directory, config.user, config.ports) == ("/srv", "1000:1000", (8080,))


@pytest.mark.parametrize("make", [layout, saved])
def test_one_for_another_machine_is_refused(make: object, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"for arm64, and the host is amd64|0 images for linux/amd64"):
        unpack(make([BASE], architecture="arm64"), tmp_path)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["config", "manifest", "layer"])
def test_a_digest_that_is_not_right_is_refused(name: str, tmp_path: Path) -> None:
    files = dict(layout([BASE]))
    wanted = {"config": b'"rootfs"', "manifest": b'"schemaVersion"', "layer": b"\x1f\x8b"}[name]
    path = next(path for path, data in files.items() if path.startswith("blobs") and wanted in data)
    files[path] = files[path].replace(b" ", b"  ", 1) if name != "layer" else files[path] + b"\0"
    with pytest.raises(ArchiveError, match="does not have the digest that it is named by"):
        unpack(files, tmp_path)


def test_layers_must_be_those_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not the one that the image's configuration names"):
        unpack(layout([BASE], configuration=images.config([ABOVE])), tmp_path)
    with pytest.raises(ArchiveError, match="it has 1 layers, and its configuration names 2"):
        unpack(layout([BASE], configuration=images.config([BASE, ABOVE])), tmp_path)


def test_several_images_are_refused(tmp_path: Path) -> None:
    files = dict(saved([BASE]))
    files["manifest.json"] = b"[{}, {}]"
    with pytest.raises(ArchiveError, match="several images"):
        unpack(files, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08 no gzip"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(content)
    with pytest.raises(ArchiveError):
        unpacked.image(tmp_path / "image.tar", "amd64", tmp_path / "tree.tar.gz")
