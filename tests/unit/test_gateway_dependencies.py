"""The gateway's dependencies are bounded from above where it relies on what they do not promise."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

GATEWAY = Path("gateway")
REQUIREMENTS = {
    requirement.name: requirement
    for requirement in map(
        Requirement, tomllib.loads((GATEWAY / "pyproject.toml").read_text())["project"]["dependencies"]
    )
}


def locked(file: Path) -> dict[str, str]:
    """The versions that a lock file names, by package."""
    lines = [line.removesuffix(" \\") for line in file.read_text().splitlines() if line[0] not in " #"]
    return dict(line.partition(";")[0].strip().split("==") for line in lines)


@pytest.mark.parametrize("name", ["uvicorn", "prometheus-client", "pydantic-settings"])
def test_what_is_subclassed_or_known_from_inside_ends_before_the_next_release(name: str) -> None:
    version = locked(GATEWAY / "requirements.lock")[name]
    major, minor, *_ = map(int, version.split("."))
    following = f"0.{minor + 1}" if major == 0 else f"{major + 1}.0"
    assert REQUIREMENTS[name].specifier.contains(version)
    assert not REQUIREMENTS[name].specifier.contains(following)


@pytest.mark.parametrize("lock", sorted(GATEWAY.glob("*.lock")), ids=lambda lock: lock.name)
def test_each_lock_file_is_within_the_bounds(lock: Path) -> None:
    versions = locked(lock)
    for name, requirement in REQUIREMENTS.items():
        assert requirement.specifier.contains(versions[name]), f"{requirement} is locked as {versions[name]}"


def test_the_oldest_uvicorn_allowed_says_whether_a_worker_is_ready() -> None:
    # The supervisor asks it of each worker; before 0.51 a gateway with workers died at its start.
    assert not REQUIREMENTS["uvicorn"].specifier.contains("0.50.2")
