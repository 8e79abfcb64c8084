"""What a shell prints of files is read as it is meant: the facts' own commands, run on files of this machine."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FactBase

from deploys.facts import file_set
from deploys.facts.file_set import Contents, FileSet, FileSetState
from deploys.facts.left import Left
from deploys.facts.release import Releases, ReleaseState
from deploys.operations.staging import Stamp

NAMES = ("plain", "it's here", "two  blanks")


def read(fact: FactBase[Any], **arguments: Any) -> Any:
    """What a fact says of this machine."""
    done = subprocess.run(["sh", "-c", str(fact.command(**arguments))], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    return fact.process(lines) if lines else fact.default()


@pytest.fixture
def stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stamps of the test lie."""
    directory = tmp_path / "stamps"
    for module in ("deploys.facts.file_set", "deploys.operations.staging"):
        monkeypatch.setattr(f"{module}.STAMPS", str(directory))
    return directory


def state(*paths: Path, directories: tuple[str, ...] = (), key: str = "key") -> FileSetState:
    found: FileSetState = read(FileSet(), paths=tuple(map(str, paths)), directories=directories, key=key)
    return found


def noted(*paths: Path, command: str = "true") -> None:
    """Have files applied, and noted as they were before the command."""
    lines = Stamp("key", tuple(map(str, paths))).applied(command)
    subprocess.run(["sh", "-c", "\n".join(("set -eu", *lines))], check=True, cwd="/")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_told_with_its_owner_mode_and_digest(tmp_path: Path, stamps: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("text\n")
    path.chmod(0o640)
    found = state(path).files[str(path)]
    assert (found.kind, found.mode, found.target) == ("regular file", "640", None)
    assert (found.owner, found.group) == (pwd.getpwuid(path.stat().st_uid)[0], grp.getgrgid(path.stat().st_gid)[0])
    assert found.digest == hashlib.sha256(b"text\n").hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_a_link_is_told_with_what_it_points_to_also_where_that_is_not_there(
    tmp_path: Path, stamps: Path, name: str
) -> None:
    path = tmp_path / name
    path.symlink_to("nowhere at all")
    found = state(path).files[str(path)]
    assert (found.kind, found.target, found.digest) == ("symbolic link", "nowhere at all", None)


def test_what_is_empty_or_missing_or_a_directory_is_told_apart(tmp_path: Path, stamps: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    found = state(tmp_path / "empty", tmp_path / "missing", tmp_path / "directory").files
    assert {Path(path).name: one.kind for path, one in found.items()} == {
        "empty": "regular empty file",
        "directory": "directory",
    }


def test_the_names_in_a_directory_are_told(tmp_path: Path, stamps: Path) -> None:
    directory = tmp_path / "conf.d"
    directory.mkdir()
    for name in NAMES:
        (directory / name).touch()
    (directory / "nested").mkdir()
    (directory / "nested" / "deeper").touch()
    found = state(directories=(str(directory), str(tmp_path / "missing")))
    assert found.names == {str(directory): frozenset({*NAMES, "nested"})}


def test_nothing_at_all_is_a_set_too(stamps: Path) -> None:
    assert state() == FileSetState()
    noted()
    assert state().applied == {}


def test_without_a_stamp_nothing_counts_as_not_applied(tmp_path: Path, stamps: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    assert state(path).applied is None
    assert state(path).unapplied == frozenset()


@pytest.mark.parametrize("name", NAMES)
def test_what_was_applied_is_known_until_a_file_changes_in_any_way(tmp_path: Path, stamps: Path, name: str) -> None:
    path, link = tmp_path / name, tmp_path / "link"
    path.write_text("text")
    link.symlink_to("a")
    noted(path, link)
    assert state(path, link).unapplied == frozenset()
    path.chmod(0o600)
    link.unlink()
    assert state(path, link).unapplied == {str(path), str(link)}
    link.symlink_to("b")
    noted(path, link)
    path.write_text("texT")
    assert state(path, link).unapplied == {str(path)}


def test_a_file_that_changes_while_it_is_applied_counts_as_not_applied(tmp_path: Path, stamps: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    noted(path, command=f"echo other > {path}")
    assert state(path).unapplied == {str(path)}


def test_what_could_not_be_applied_is_not_noted(tmp_path: Path, stamps: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    with pytest.raises(subprocess.CalledProcessError):
        noted(path, command="false")
    assert state(path).applied is None


def test_before_the_first_change_the_files_are_noted_as_they_were_and_later_no_more(
    tmp_path: Path, stamps: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    before = "\n".join(("set -eu", *Stamp("key", (str(path),)).before()))
    subprocess.run(["sh", "-c", before], check=True)
    path.write_text("after")
    subprocess.run(["sh", "-c", before], check=True)
    assert state(path).unapplied == {str(path)}


@pytest.mark.parametrize("name", [*NAMES, "back\\\\nslash"])
def test_texts_are_told_line_by_line(tmp_path: Path, name: str) -> None:
    one, other = tmp_path / name, tmp_path / "other"
    one.write_text("path of nothing\n\n  indented\n")
    other.write_text("no line break at its end")
    found = read(Contents(), paths=[str(one), str(tmp_path / "missing"), str(other)])
    assert found == {
        str(one): "path of nothing\n\n  indented\n",
        str(tmp_path / "missing"): "",
        str(other): "no line break at its end\n",
    }


def test_a_listing_is_what_a_stamp_holds(tmp_path: Path, stamps: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    noted(path)
    done = subprocess.run(["sh", "-c", file_set.listing([str(path)])], capture_output=True, text=True, check=False)
    assert (stamps / "key").read_text() == done.stdout


def test_paths_that_are_left_of_a_role_are_told(tmp_path: Path) -> None:
    (tmp_path / "it's here").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    paths = [str(tmp_path / name) for name in ("it's here", "dangling", "gone")]
    assert read(Left(), units=[], paths=paths).paths == set(paths[:2])


def test_releases_are_told_by_their_age_and_whether_they_are_complete(tmp_path: Path) -> None:
    assert read(Releases(), directory=str(tmp_path / "missing")) == ReleaseState()
    for age, name in enumerate(("2.0.0", "10.0.0", "1.0.0")):
        release = tmp_path / "releases" / name
        release.mkdir(parents=True)
        if name != "10.0.0":
            (release / ".complete").touch()
        os.utime(release, (1000 - age, 1000 - age))
    (tmp_path / "current").symlink_to("releases/2.0.0")
    assert read(Releases(), directory=str(tmp_path)) == ReleaseState(("1.0.0", "2.0.0"), ("10.0.0",), "2.0.0")
