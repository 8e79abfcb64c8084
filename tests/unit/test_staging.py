"""What fails while files are put in place ends the script: nothing goes on as if they were there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploys.facts.file_set import STAMPS
from deploys.operations import staging
from deploys.operations.file_set import Difference, File
from tests.unit.operations import outcome
from tests.unit.operations.case import Case, all_cases
from tests.unit.operations.command import shell


def run(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", "\n".join(("set -eu", *lines))], capture_output=True, text=True)


def test_a_file_that_cannot_be_copied_ends_it(tmp_path: Path) -> None:
    """As where the disk is full."""
    first, second = File(f"{tmp_path}/first", "1"), File(f"{tmp_path}/second", "2")
    staged = Path(f"{tmp_path}/new{tmp_path}")
    staged.mkdir(parents=True)
    (staged / "second").write_text("2")
    done = run(f"stage={tmp_path}", *staging.in_place(Difference((first, second), ())), "echo the service is told")
    assert done.returncode != 0
    assert done.stdout == ""
    assert not Path(second.path).exists()


def test_files_are_put_in_place_and_removed(tmp_path: Path) -> None:
    file = File(f"{tmp_path}/etc/it's here", "text")
    staged = Path(f"{tmp_path}/new{file.path}")
    staged.parent.mkdir(parents=True)
    staged.write_text("text")
    old = tmp_path / "old"
    old.mkdir()
    done = run(f"stage={tmp_path}", *staging.in_place(Difference((file,), (str(old),))))
    assert (done.returncode, Path(file.path).read_text(), old.exists()) == (0, "text", False)


def test_what_cannot_be_put_back_is_said_and_the_others_are(tmp_path: Path) -> None:
    """The first is a directory by now, the second is not, and the third was not there before."""
    first, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    old = Path(f"{tmp_path}/stage/old{tmp_path}")
    old.mkdir(parents=True)
    for path in (first, second):
        (old / path.name).write_text("old")
    for path in (first / "inside", second, third):
        path.parent.mkdir(exist_ok=True)
        path.write_text("new")
    changes = Difference(tuple(File(str(path), "new") for path in (first, second, third)), ())
    done = run(f"stage={tmp_path}/stage", *staging.or_put_back(changes, ["exit 1"], ["echo applied again"]))
    assert (done.returncode, done.stdout) == (1, "applied again\n")
    assert f"{first} could not be put back." in done.stderr
    assert (second.read_text(), third.exists()) == ("old", False)


@pytest.mark.parametrize(("command", "applied"), [("true && true", True), ("false && true", False), ("false", False)])
def test_what_could_not_be_applied_is_not_noted_as_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, applied: bool
) -> None:
    monkeypatch.setattr(staging, "STAMPS", str(tmp_path / "applied"))
    path = tmp_path / "system.configured" / "unapplied.toml"
    path.parent.mkdir()
    path.write_text(
        f'arguments = {{ key = "key", files = [], apply = "{command}" }}\n'
        '[[facts]]\nfact = "FileSet"\noutput = """set\n'
        f"stamp\\t{STAMPS}/key:set\nstamp\\t{STAMPS}/key:file\\t/a\\t\\t\\t\\t\\t"
        '"""\n'
    )
    [found] = outcome.of(Case(path), tmp_path)["commands"]
    done = run(shell(found))
    assert (done.returncode == 0) is applied
    assert (tmp_path / "applied" / "key").exists() is applied


def test_no_script_loses_an_error_in_a_list_of_commands() -> None:
    """Where one fails that is not the last of a list, a shell goes on, whatever set -e says (sh(1))."""
    conditions = ("if ", "elif ", "while ", "until ", "(", "echo ")
    for case in all_cases():
        for one in case.expected.get("commands", ()):
            # What a child shell is given begins with a line of its own, and says itself how it ends.
            text = shell(one) if shell(one).startswith("set -eu") else ""
            for statement in statements(text):
                held = statement.strip().startswith(conditions) or "||" in statement
                lost = "&&" in statement and not held and "; while " not in statement and "$tree/" not in statement
                assert not lost, f"{case.path}: {statement}"


def statements(text: str) -> list[str]:
    """The lines of a script, those between parentheses as one."""
    found: list[str] = []
    depth = 0
    for line in text.splitlines():
        if depth:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
        depth = max(0, depth + line.count("(") - line.count(")"))
    return found
