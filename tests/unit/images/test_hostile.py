"""Whatever an archive is made of, it is refused with a sentence, or becomes a tree that nothing leads out of."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from deploys.controller.images import layer as reader
from deploys.controller.images import unpacked
from deploys.controller.images.tree import ArchiveError, Tree
from tests.images import Entry, archived, directory, file, hard, layer, layout, link, special


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([file("/etc/passwd")], "is an absolute path"),
        ([file("a/../../etc/passwd")], "leads out of its directory"),
        ([file("..")], "leads out of its directory"),
        ([hard("shadow", "../../etc/shadow")], "leads out of its directory"),
        ([hard("shadow", "/etc/shadow")], "is an absolute path"),
        ([hard("shadow", "etc/shadow")], "is a hard link to 'etc/shadow', no file of it"),
        ([link("out", "../../etc")], "is a symbolic link that leads out of it"),
        ([link("p/q/up", "../.."), link("out", "p/q/up/..")], "is a symbolic link that leads out of it"),
        ([link("a", "")], "links to nothing"),
        ([link("a", "b/" * 2048)], "or to a path longer than one can be"),
        ([special("disk", tarfile.BLKTYPE)], "is a device, a pipe or something else"),
        ([special("null", tarfile.CHRTYPE)], "is a device, a pipe or something else"),
        ([special("pipe", tarfile.FIFOTYPE)], "is a device, a pipe or something else"),
        ([link("a", "b"), link("b", "a"), file("a/file")], "leads through more than 40 symbolic links"),
        ([file("srv/.wh...")], "would take away the directory that it is in, or one above it"),
        ([file("srv/.wh..")], "would take away the directory that it is in, or one above it"),
        ([file("srv/.wh.")], "would take away the directory that it is in, or one above it"),
        ([file(f"{'n' * 256}")], "is longer than a path can be"),
    ],
)
def test_what_no_tree_may_have(entries: list[Entry], sentence: str, tmp_path: Path) -> None:
    image = archived(layout([layer(*entries)]), tmp_path / "image.tar")
    with pytest.raises(ArchiveError) as raised:
        unpacked.image(image, "amd64", tmp_path / "tree.tar.gz")
    assert sentence in str(raised.value)


def test_an_archive_that_is_no_image_has_no_link_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "archive.tar").write_bytes(layer(link("etc", "/etc")))
    with pytest.raises(ArchiveError, match="is a symbolic link out of it, to '/etc'"):
        unpacked.archive(tmp_path / "archive.tar", tmp_path / "tree.tar.gz")


def test_a_file_through_a_link_lands_within_the_tree(tmp_path: Path) -> None:
    """The oldest trick: a link out of the tree, and then a file below it."""
    entries = [link("evil", "/etc"), file("evil/passwd", "ours")]
    image = archived(layout([layer(*entries)]), tmp_path / "image.tar")
    unpacked.image(image, "amd64", tmp_path / "tree.tar.gz")
    with tarfile.open(tmp_path / "tree.tar.gz") as tar:
        assert tar.getmember("etc/passwd").isreg()
        assert "evil/passwd" not in tar.getnames()


@pytest.mark.parametrize("room", [{"bytes": 99}, {"entries": 1}])
def test_more_than_a_machine_can_hold_is_refused(room: dict[str, int], tmp_path: Path) -> None:
    archive = io.BytesIO(layer(file("zeros", bytes(50)), file("more", bytes(50))))
    with tarfile.open(fileobj=archive) as tar, pytest.raises(ArchiveError, match="it has more than"):
        reader.apply(tar, Tree(), reader.Room(tmp_path, **room), image=True)


names = some.lists(
    some.sampled_from(["a", "b", "c", "..", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh..", ".wh...", "é\n"]),
    min_size=1, max_size=4,
).map("/".join)  # fmt: skip
entries = some.one_of(
    some.builds(file, names, some.binary(max_size=5), some.sampled_from([0o644, 0o755, 0o4755, 0o2755, 0o1777, 0])),
    some.builds(directory, names),
    some.builds(link, names, names),
    some.builds(hard, names, names),
    some.builds(special, names, some.sampled_from([tarfile.CHRTYPE, tarfile.FIFOTYPE, b"x", b"Z"])),
)
layers = some.lists(some.lists(entries, max_size=8), min_size=1, max_size=3)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layers)
def test_any_archive_is_refused_or_stays_within_its_tree(found: list[list[Entry]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        image = archived(layout([layer(*one) for one in found], "plain"), root / "image.tar")
        try:
            digest, _ = unpacked.image(image, "amd64", root / "tree.tar.gz")
        except ArchiveError:
            return
        assert unpacked.image(image, "amd64", root / "again.tar.gz")[0] == digest
        _sound(root / "tree.tar.gz")
        _lands_within(root)


def _sound(archive: Path) -> None:
    """Its names are plain, nothing is below anything but a directory, and it has files, directories and links only."""
    with tarfile.open(archive) as tar:
        kinds = {member.name: member for member in tar}
        assert len(kinds) == len(tar.getnames()), "each path is there once"
    for path, member in kinds.items():
        assert member.isreg() or member.isdir() or member.issym()
        assert member.uid == member.gid == 0
        assert member.issym() or member.mode in (0o644, 0o755)
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not any(part.startswith(".wh.") for part in parts)
        for depth in range(1, len(parts)):
            assert kinds["/".join(parts[:depth])].isdir()


def _lands_within(root: Path) -> None:
    """GNU tar, which a host uses, puts nothing beside the tree; no relative link of it leads anywhere else."""
    tree = root / "beside" / "tree"
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", str(root / "tree.tar.gz"), "-C", str(tree)], check=True, capture_output=True)
    assert os.listdir(root / "beside") == ["tree"]  # noqa: PTH208
    for place, below, files in os.walk(tree):
        for one in (*below, *files):
            path = os.path.join(place, one)  # noqa: PTH118
            if os.path.islink(path) and not os.readlink(path).startswith("/"):  # noqa: PTH114, PTH115
                assert _physical(tree, Path(path)), f"{path} -> {os.readlink(path)}"  # noqa: PTH115


def _physical(tree: Path, path: Path) -> bool:
    """Whether a link stays within the tree, as the kernel would walk it with the tree as its root's only entry."""
    try:
        return tree in (Path(os.path.realpath(path)), *Path(os.path.realpath(path)).parents) or _absolute(path)
    except OSError:
        return True


def _absolute(path: Path) -> bool:
    """Whether an absolute link is on its way: that one ends at the service's own root."""
    for _ in range(40):
        if not path.is_symlink():
            return False
        if str(path.readlink()).startswith("/"):
            return True
        path = path.parent / path.readlink()
    return False
