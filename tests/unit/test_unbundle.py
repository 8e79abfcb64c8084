"""A bundle is unpacked whole and unaltered, or not at all; whatever somebody put into it stays in its place."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploys import unbundle
from deploys.controller.offline import packing, places
from deploys.controller.offline.places import REPOSITORY, SELF, SUMS

PARTS = {
    "wheels/2.0.0-0a1b2c3d4e.tar": b"wheels",
    "controller/six-1.17.0-py2.py3-none-any.whl": b"six",
    "controller/sdk-1769699379!11.6.0-py3-none-any.whl": b"sdk",
    "packages/trixie/nginx_1.26.3-3+deb13u1_amd64.deb": b"nginx",
}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A clone with a commit that the bundle brings."""
    directory = tmp_path / "release"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(directory))
    (directory / "README.md").write_text("the release\n")
    git(directory, "add", "README.md")
    git(directory, "commit", "--quiet", "--message=release")
    git(directory, "bundle", "create", "--quiet", str(tmp_path / REPOSITORY), "HEAD")
    return directory


@pytest.fixture
def bundle(release: Path, tmp_path: Path) -> Path:
    files = [(REPOSITORY, tmp_path / REPOSITORY)]
    for number, (name, content) in enumerate(PARTS.items()):
        path = tmp_path / str(number)
        path.write_bytes(content)
        files.append((name, path))
    packing.pack(files, tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", directory, *identity, *arguments], capture_output=True, text=True, check=True
    )  # fmt: skip
    return done.stdout.strip()


def of_cache(target: Path) -> dict[str, bytes]:
    cache = target / ".cache"
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def test_both_sides_call_the_parts_the_same() -> None:
    assert (unbundle.SUMS, unbundle.REPOSITORY, unbundle.SELF) == (SUMS, REPOSITORY, SELF)
    assert (places.WHEELS, places.OWN_WHEELS, places.PACKAGES, *places.GOES_ALONG) == unbundle.DIRECTORIES


def test_it_needs_no_module_but_its_own(bundle: Path, tmp_path: Path) -> None:
    alone = shutil.copy(unbundle.__file__, tmp_path / "alone.py")
    target = tmp_path / "fresh"
    subprocess.run([sys.executable, "-I", "-S", alone, bundle.name, target.name], cwd=tmp_path, check=True)
    assert (target / "README.md").read_text() == "the release\n"
    assert git(target, "status", "--porcelain", "--untracked-files=no") == ""
    assert of_cache(target) == PARTS
    assert not list(tmp_path.glob("*.partial"))


def test_a_clone_gets_the_commit_beside_its_own_and_nothing_stays_of_the_last_bundle(
    bundle: Path, release: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(release), str(clone))
    git(clone, "commit", "--quiet", "--allow-empty", "--message=of the site")
    own = git(clone, "rev-parse", "HEAD")
    for name in ("packages/trixie/old.deb", "packages/bookworm/other.deb", "controller/old.whl", "wheels/before.tar"):
        (clone / ".cache" / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / ".cache" / name).write_bytes(b"before")
    said = unbundle.unpacked(bundle, clone)
    assert git(clone, "rev-parse", "bundle/release") == git(release, "rev-parse", "HEAD")
    assert "git merge bundle/release" in said
    assert git(clone, "rev-parse", "HEAD") == own
    stays = dict.fromkeys(("packages/bookworm/other.deb", "wheels/before.tar"), b"before")
    assert of_cache(clone) == {**PARTS, **stays}


@pytest.mark.parametrize("part", range(1, 20))
def test_a_truncated_bundle_is_refused(bundle: Path, tmp_path: Path, part: int) -> None:
    whole = bundle.read_bytes()
    # But for the zeros at its end, of which tar needs none.
    end = len(whole.rstrip(b"\0"))
    bundle.write_bytes(whole[: end * part // 20])
    refused(bundle, tmp_path)


def test_an_altered_byte_is_refused(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    for content in PARTS.values():
        place = whole.rindex(content)
        bundle.write_bytes(whole[:place] + b"?" + whole[place + 1 :])
        assert "is not what its checksum says" in refused(bundle, tmp_path)


def test_another_file_than_was_said_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(unbundle.BundleError, match="is not the file that was made"):
        unbundle.unpacked(bundle, tmp_path / "fresh", "0" * 64)
    unbundle.unpacked(bundle, tmp_path / "fresh", hashlib.sha256(bundle.read_bytes()).hexdigest().upper())


def link(entry: tarfile.TarInfo) -> None:
    entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc", 0


def hard_link(entry: tarfile.TarInfo) -> None:
    entry.type, entry.linkname, entry.size = tarfile.LNKTYPE, "/etc/passwd", 0


def device(entry: tarfile.TarInfo) -> None:
    entry.type, entry.size = tarfile.CHRTYPE, 0


def sparse(entry: tarfile.TarInfo) -> None:
    entry.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"}


def same(entry: tarfile.TarInfo) -> None:
    """Its name alone is wrong."""


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("wheels/x", link),
        ("wheels/x", hard_link),
        ("wheels/x", device),
        ("wheels/x", sparse),
        ("wheels/../../x", same),
        ("/wheels/x", same),
        ("../wheels/x", same),
        ("wheels/.git", same),
        ("wheels/a/b/c/d", same),
        ("wheels", same),
        (".git/hooks/post-checkout", same),
        ("Makefile", same),
        ("wheels/x\n", same),
        ("wheels/2.0.0-0a1b2c3d4e.tar", same),
    ],
)
def test_what_is_nothing_of_a_bundle_is_refused(
    bundle: Path, tmp_path: Path, name: str, change: Callable[[tarfile.TarInfo], None]
) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    with tarfile.open(bundle) as before, tarfile.open(tmp_path / "hostile.tar", "w") as tar:
        for member in before:
            content = before.extractfile(member)
            assert content
            data = content.read()
            if member.name == SUMS:
                data += f"{digest}  {name}\n".encode()
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        entry = tarfile.TarInfo(name)
        entry.size = 1
        change(entry)
        tar.addfile(entry, io.BytesIO(b"x") if entry.size else None)
    refused(tmp_path / "hostile.tar", tmp_path)


def refused(bundle: Path, tmp_path: Path) -> str:
    """What it says; and nothing is there that was not there before."""
    before = {path for path in tmp_path.rglob("*") if "release" not in path.parts}
    with pytest.raises(unbundle.BundleError) as error:
        unbundle.unpacked(bundle, tmp_path / "fresh")
    assert {path for path in tmp_path.rglob("*") if "release" not in path.parts} == before
    return str(error.value)


def test_mistakes_are_sentences(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    for arguments, said in (
        ([], "Say which file"),
        ([str(tmp_path / "nowhere.tar")], "There is no file"),
        ([str(bundle), str(occupied)], "no clone of this repository"),
    ):
        assert unbundle.main(arguments) == 1
        assert said in capsys.readouterr().out
    assert list(occupied.iterdir()) == []
