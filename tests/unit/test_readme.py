"""README's tables are those of the declarations, and no value of group_data lacks its model or its line."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from deploys.settings import declarations, tables
from deploys.settings.data import Data
from deploys.settings.shared import EveryHost, Shared

README = Path("README.md").read_text()
OF_AN_INVENTORY = {"environment", "address", "address6"}


def test_the_tables_are_those_of_the_declarations() -> None:
    assert tables.text() in README


@pytest.mark.parametrize("group", ["all", *declarations.groups()])
def test_every_value_of_a_model_has_its_default_in_group_data(group: str) -> None:
    models: list[type[Data] | None] = [Shared, EveryHost] if group == "all" else [declarations.groups()[group].model]
    wanted = {key for model in models if model for key in model.model_fields} - OF_AN_INVENTORY
    file = Path(f"group_data/{group}.py")
    assert wanted <= set(runpy.run_path(str(file)) if file.exists() else ())


@pytest.mark.parametrize("name", declarations.secrets())
def test_every_secret_is_in_the_example(name: str) -> None:
    assert f"\n{name}=\n" in Path(".env.example").read_text()
