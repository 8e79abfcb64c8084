"""A bundle is whole, and all that a machine without internet needs to deploy the gateway."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from pyinfra.api.exceptions import PyinfraError

from deploys import bundle, unbundle
from deploys.controller import wheels
from deploys.controller.offline import contents
from deploys.controller.releases.bill import bill
from deploys.settings.debian import RELEASES


def made(clone: Path) -> Path:
    """A bundle of the newest commit, without Debian's packages."""
    subprocess.run(["git", "clone", "--quiet", ".", clone], check=True)
    (clone / ".cache").symlink_to(Path(".cache").absolute())
    subprocess.run([sys.executable, "-m", "deploys.bundle", "dist"], cwd=clone, check=True)
    (archive,) = (clone / "dist").glob("*.tar")
    subprocess.run(["sha256sum", "--check", "--strict", f"{archive.name}.sha256"], cwd=archive.parent, check=True)
    return archive


# Where nothing is cached yet, all packages come from the internet.
@pytest.mark.long
def test_a_machine_without_internet_has_all_of_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = tmp_path / "fresh"
    unbundle.unpacked(made(tmp_path / "clone"), fresh)
    monkeypatch.chdir(fresh)
    assert len(list(Path(".cache/wheels").glob("*.cdx.json"))) == len(RELEASES)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-index",
         "--find-links=.cache/controller", "--require-hashes", "--only-binary=:all:", "-r", "requirements.lock"],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}, check=True,
    )  # fmt: skip
    # A pip that was asked for anything would fail: there is no Python where it is looked for.
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    for debian in RELEASES.values():
        with tarfile.open(wheels.bundle(debian.python, platform.machine()).archive) as archive:
            names = archive.getnames()
        assert any(name.startswith("tracseq_gateway-") for name in names)
        assert all(name.endswith(".whl") for name in names if name != "requirements.txt")


@pytest.mark.long
def test_the_same_commit_makes_the_same_bundle(tmp_path: Path) -> None:
    assert filecmp.cmp(made(tmp_path / "one"), made(tmp_path / "two"), shallow=False)


def test_what_is_not_committed_is_in_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "clone", "--quiet", ".", tmp_path / "clone"], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    assert contents.commit()
    Path("README.md").write_text("")
    with pytest.raises(PyinfraError, match=r"commit them first.*\n.*README\.md"):
        contents.commit()


def test_a_release_that_is_none_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bundle.main(tmp_path, ["bookworm", "buster"]) == 1
    assert capsys.readouterr().out.startswith("DEBS: buster is no Debian that is supported")
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_same_sources_make_the_same_bytes_whenever_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (debian, *_) = RELEASES.values()
    made = []
    for name, written in (("one", 1_000_000_000), ("two", 1_700_000_000)):
        source = shutil.copytree("gateway", tmp_path / name / "gateway")
        for path in source.rglob("*"):
            os.utime(path, (written, written))
        monkeypatch.chdir(tmp_path / name)
        made.append(wheels.bundle(debian.python, platform.machine()).archive.read_bytes())
    assert made[0] == made[1]


def test_a_bill_names_each_wheel_with_its_hash(tmp_path: Path) -> None:
    archive = tmp_path / "2.0.0-a.tar"
    names = ("tracseq_gateway-2.0.0-py3-none-any.whl", "zope.event-6.2-py3-none-any.whl")
    with tarfile.open(archive, "w") as tar:
        for name in (*names, "requirements.txt"):
            (tmp_path / name).write_bytes(name.encode())
            tar.add(tmp_path / name, name)
    found = json.loads(bill(archive))
    assert found["metadata"]["component"]["purl"] == "pkg:pypi/tracseq-gateway@2.0.0"
    (event,) = found["components"]
    assert (event["name"], event["version"], event["purl"]) == ("zope-event", "6.2", "pkg:pypi/zope-event@6.2")
    assert event["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(names[1].encode()).hexdigest()}]
    assert bill(archive) == bill(archive)
