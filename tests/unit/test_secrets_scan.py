"""The scan for secrets finds one that somebody commits, and none where the tests hold what is none."""

from __future__ import annotations

import json
import random
import string
import subprocess
from pathlib import Path

import pytest

from workflow import secrets

# Put together here, so that this file does not hold what it looks for.
PLANTED = {
    "settings.py": 'POSTGRES_PASSWORD = "{}"\n'.format("".join(random.choices(string.ascii_letters, k=24))),
    "host.key": "-----BEGIN {} KEY-----\n".format("PRIVATE"),
    "cloud.yml": "key: {}{}\n".format("AKIA", "".join(random.choices(string.ascii_uppercase, k=16))),
    "urls.md": "postgres://{}:{}@10.0.0.31/lims\n".format("lims", "kd93mfk2lq"),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that has this one's list of what is no secret."""
    (tmp_path / secrets.BASELINE).write_text(Path(secrets.BASELINE).read_text())
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def keep(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text)
    subprocess.run(["git", "-C", repository, "add", name], check=True)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_found(repository: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    keep(repository, "innocent.py", "TIMEOUT = 30\n")
    assert secrets.scan(repository) == 0
    keep(repository, name, PLANTED[name])
    assert secrets.scan(repository) == 1
    assert f"Location:    {name}:1" in capfd.readouterr().out


def test_what_is_listed_as_none_is_let_pass(repository: Path) -> None:
    keep(repository, "settings.py", PLANTED["settings.py"])
    known = subprocess.run(
        [secrets.BIN / "detect-secrets", "scan", "--no-verify", "--slim", "settings.py"],
        cwd=repository, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert json.loads(known)["results"]
    (repository / secrets.BASELINE).write_text(known)
    keep(repository, "settings.py", f"# A line above moves it.\n{PLANTED['settings.py']}")
    assert secrets.scan(repository) == 0
