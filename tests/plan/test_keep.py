"""What only the controller has comes back from one file: a new controller is the old one."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploys.controller.authority import Authority
from tests.lab import pyinfra
from tests.plan.conftest import PlannedCopy

INVENTORY = "tests/plan/inventory.py"
DAY = 86400.0


def unkeep(directory: Path, file: Path, passphrase: Path) -> subprocess.CompletedProcess[str]:
    """Make a new controller, as somebody at a prompt would."""
    return subprocess.run(
        ["make", "--no-print-directory", f"--makefile={Path('Makefile').absolute()}", "unkeep", f"FILE={file}",
         f"KEEP_PASSPHRASE_FILE={passphrase}"],
        cwd=directory, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _source(kind: str, file: Path) -> dict[str, str]:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"type": kind, "file": f"{file.parent.name}/{file.name}", "sha256": digest}


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery staple")
    return file


@pytest.fixture
def kept(copy: PlannedCopy, passphrase: Path) -> Path:
    """The file of a site that has been deployed."""
    Authority(str(copy.directory / ".state/plan/authority"), 365 * DAY, 30 * DAY)
    # As `make site-files` has them: links to what is kept elsewhere on this machine.
    for path in (copy.secrets, copy.directory / ".state/plan"):
        elsewhere = passphrase.parent / f"elsewhere{path.suffix or path.name}"
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
    run = pyinfra(
        "--data", f"keep_passphrase_file={passphrase}", INVENTORY, "deploys/keep.py", directory=copy.directory
    )
    assert run.code == 0, run.output
    named = re.search(r"(\.state/plan/\S+\.tar\.gpg) holds", run.output)
    assert named, run.output
    return copy.directory / named[1]


def fresh(directory: Path) -> Path:
    """A clone of the repository, as git has it."""
    subprocess.run(["git", "clone", "--quiet", str(Path.cwd()), str(directory)], check=True)
    return directory


def test_a_new_controller_is_the_old_one(copy: PlannedCopy, kept: Path, passphrase: Path, tmp_path: Path) -> None:
    clone = fresh(tmp_path / "clone")
    done = unkeep(clone, kept, passphrase)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (".env.plan", ".state/plan/authority/authority.key", ".state/plan/authority/authority.crt"):
        assert (clone / name).read_text() == (copy.directory / name).read_text()
        assert not (clone / name).is_symlink()
        assert (clone / name).stat().st_mode & 0o077 == 0
    before = Authority(str(copy.directory / ".state/plan/authority"), 365 * DAY, 30 * DAY)
    assert Authority(str(clone / ".state/plan/authority"), 365 * DAY, 30 * DAY).certificate == before.certificate
    run = pyinfra(INVENTORY, "deploys/check_data.py", directory=clone)
    assert run.code == 0, run.output
    assert "is valid" in run.output


def test_what_services_are_made_of_and_their_secrets_come_back(
    copy: PlannedCopy, passphrase: Path, tmp_path: Path
) -> None:
    Authority(str(copy.directory / ".state/plan/authority"), 365 * DAY, 30 * DAY)
    artifacts = copy.directory / "artifacts"
    artifacts.mkdir()
    program, lock = artifacts / "mail", artifacts / "rag.lock"
    program.write_text("#!/bin/sh\nexec true\n")
    lock.write_text("# nothing\n")
    (artifacts / "rag-1.0-py3-none-any.whl").write_bytes(b"a wheel of its own")
    (artifacts / "other").write_text("nobody's")
    services = {
        "mail": {"source": _source("program", program), "hosts": ["gw1"], "port": 8090, "gateway": False,
                 "secrets": ["SMTP_PASSWORD"]},
        "rag": {"source": _source("wheels", lock), "hosts": ["gw1"], "port": 8091, "command": ["bin/rag"]},
    }  # fmt: skip
    all_of_it = copy.own("group_data") / "all.py"
    all_of_it.write_text(f"{all_of_it.read_text()}\nservices = {services!r}\n")
    copy.secrets.open("a").write("SMTP_PASSWORD=of another house\n")
    given = ("--data", f"keep_passphrase_file={passphrase}", INVENTORY, "deploys/keep.py")
    run = pyinfra(*given, directory=copy.directory)
    assert run.code == 0, run.output
    named = re.search(r"(\.state/plan/\S+\.tar\.gpg) holds", run.output)
    assert named, run.output
    clone = fresh(tmp_path / "clone")
    done = unkeep(clone, copy.directory / named[1], passphrase)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (clone / "artifacts").iterdir()) == [
        "mail", "rag-1.0-py3-none-any.whl", "rag.lock"
    ]  # fmt: skip
    assert "SMTP_PASSWORD=of another house\n" in (clone / ".env.plan").read_text()
    run = pyinfra(INVENTORY, "deploys/check_data.py", directory=clone)
    assert run.code == 0, run.output


def test_the_file_tells_nothing_without_the_passphrase(kept: Path, tmp_path: Path, copy: PlannedCopy) -> None:
    secret = copy.secrets.read_text().split("=", 1)[1].splitlines()[0].encode()
    assert secret not in kept.read_bytes()
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    empty = tmp_path / "empty"
    empty.mkdir()
    done = unkeep(empty, kept, wrong)
    assert done.returncode != 0
    assert "it is damaged, or this is not its passphrase" in done.stdout
    assert list(empty.iterdir()) == []


def test_a_controller_is_not_overwritten(kept: Path, passphrase: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".env.plan").write_text("mine")
    done = unkeep(other, kept, passphrase)
    assert done.returncode != 0
    assert ".env.plan is here already, and nothing was unpacked" in done.stdout
    assert [path.name for path in other.iterdir()] == [".env.plan"]
    assert (other / ".env.plan").read_text() == "mine"


def test_a_site_that_was_never_deployed_has_nothing_to_keep(copy: PlannedCopy, passphrase: Path) -> None:
    shutil.rmtree(copy.directory / ".state/plan", ignore_errors=True)
    run = pyinfra(
        "--data", f"keep_passphrase_file={passphrase}", INVENTORY, "deploys/keep.py", directory=copy.directory
    )
    assert run.code != 0
    assert "the site was never deployed from here. Nothing was packed" in run.output
