"""A bundle is whole, and all that a machine without internet needs to deploy the gateway."""

from __future__ import annotations

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

from deploys.controller import wheels
from deploys.controller.releases.bill import bill
from deploys.settings.debian import RELEASES


# Where nothing is cached yet, all packages come from the internet.
@pytest.mark.long
def test_a_machine_without_internet_deploys_from_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "dist"
    subprocess.run([sys.executable, "-m", "deploys.bundle", bundle], check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=True)
    assert len(list(bundle.glob("*.tar"))) == len(list(bundle.glob("*.cdx.json"))) == len(RELEASES)

    # A pip that was asked for anything would fail: there is no Python where it is looked for.
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    monkeypatch.setattr(wheels, "CACHE", shutil.copytree(bundle, tmp_path / "cache"))
    for debian in RELEASES.values():
        with tarfile.open(wheels.bundle(debian.python, platform.machine()).archive) as archive:
            names = archive.getnames()
        assert any(name.startswith("tracseq_gateway-") for name in names)
        assert all(name.endswith(".whl") for name in names if name != "requirements.txt")

    next(bundle.glob("*.tar")).write_bytes(b"another")
    assert subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=bundle, check=False).returncode == 1


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
