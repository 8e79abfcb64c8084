"""A bundle is whole, and all that a machine without internet needs to deploy the gateway."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploys.controller import wheels
from deploys.settings.debian import RELEASES


# Where nothing is cached yet, all packages come from the internet.
@pytest.mark.long
def test_a_machine_without_internet_deploys_from_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "dist"
    subprocess.run([sys.executable, "-m", "workflow.bundle", bundle], check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=True)
    assert len(list(bundle.glob("*.tar"))) == len(RELEASES)

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
