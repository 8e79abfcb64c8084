"""The README's tables list every value of group_data, with the default that it has."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from deploys.settings import secrets

README = Path("README.md").read_text()


@pytest.mark.parametrize("group", ["all", "postgres", "redis", "gateways", "load_balancers"])
def test_every_value_is_listed_with_its_default(group: str) -> None:
    values = {key: value for key, value in runpy.run_path(f"group_data/{group}.py").items() if key[0] != "_"}
    section = README.split(f"`group_data/{group}.py`\n\n")[1].split("\n\n")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))
    assert set(listed) == set(values)
    for key, default in listed.items():
        if default != "see the file":
            assert default == f"`{values[key]!r}`".replace("'", '"')


@pytest.mark.parametrize("name", secrets.NAMES)
def test_every_secret_is_listed(name: str) -> None:
    assert f"`{name}`" in README
    assert f"\n{name}=\n" in Path(".env.example").read_text()
