"""A site that is deployed by phases: how far, and where it is looked at in between."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploys.roles.registry import ROLES
from deploys.settings.phases import NAMES
from tests.plan.conftest import PlannedCopy


def names(copy: PlannedCopy, *arguments: str) -> list[str]:
    run = copy.plan(*arguments)
    assert run.code == 0, run.output
    return [one["name"] for one in run.json["plan"]]


def test_a_site_without_phases_is_as_ever(copy: PlannedCopy) -> None:
    found = names(copy)
    assert not any(name.startswith("Phase ") for name in found)
    # Its order is another one, as what could be done early waits for its phase. An operation that
    # hosts share, each with a name of its own, is listed under one of these.
    by_phases = {_title(name) for name in names(copy, "--data", "phase=4") if not name.startswith("Phase ")}
    assert by_phases == {_title(name) for name in found}


def _title(name: str) -> str:
    title, _, what = name.partition(" | ")
    return title if what.endswith("-exporter") or what == "mtail" else name


@pytest.mark.parametrize("phase", NAMES)
def test_it_ends_with_the_phase_and_each_is_looked_at(copy: PlannedCopy, phase: int) -> None:
    found = names(copy, "--data", f"phase={phase}")
    assert [name for name in found if name.startswith("Phase ")] == [
        f"Phase {number}, {NAMES[number]}: it is as it should be" for number in range(1, phase + 1)
    ]
    assert found[-1].startswith(f"Phase {phase}")
    for role in ROLES:
        title = role.declaration.title
        places = [place for place, name in enumerate(found) if name.startswith(f"{title} |")]
        if role.declaration.phase > phase:
            assert not places, f"{title} is of phase {role.declaration.phase}"
        elif places and role.declaration.phase > 1:
            before = next(place for place, name in enumerate(found) if f"Phase {role.declaration.phase - 1}," in name)
            assert min(places) > before


@pytest.mark.parametrize("given", ["0", "5", "core", "true"])
def test_a_phase_that_is_none_is_a_sentence(copy: PlannedCopy, given: str) -> None:
    run = copy.plan("--data", f"phase={given}")
    assert run.code != 0
    assert "is no phase; there are 1 (core), 2 (enhanced), 3 (monitoring), 4 (hardening)" in run.output
    assert "No host was touched." in run.output


def test_the_site_names_the_phases_in_the_order_of_its_roles() -> None:
    """No role stands after the end of its phase, or before that of the one before."""
    phases = {role.name: role.declaration.phase for role in ROLES}
    reached = 1
    for role, ended in re.findall(
        r"^(?:roles\.(\w+)\.apply\(run\)|phases\.passed\(run, (\d)\))$",
        Path("deploys/site.py").read_text(),
        re.MULTILINE,
    ):
        if ended:
            assert int(ended) == reached
            reached += 1
        else:
            assert phases[role] == reached, role
    assert reached == max(NAMES) + 1


def test_security_and_backups_are_there_from_the_first_phase_on() -> None:
    of_first = {role.name for role in ROLES if role.declaration.phase == 1}
    assert {"ssh", "firewall", "backup_server", "backup", "backup_state", "restore"} <= of_first
