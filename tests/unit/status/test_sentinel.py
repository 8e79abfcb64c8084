"""How Redis servers that fail over are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deploys.controller.phases import criteria
from deploys.controller.status import sentinel
from deploys.facts.maintenance import Note
from deploys.facts.redis_member import MemberState
from deploys.settings.phases import NAMES as NAMES_OF_PHASES
from deploys.settings.site import Site
from tests.unit.status.pretended import host, said, survey

NAMES = ("redis1", "redis2", "redis3")
SITE = Site(tuple(host(name, 41 + number, "redis", "sentinels") for number, name in enumerate(NAMES)), {})
WATCHES = {"ip": "10.0.0.41", "num-slaves": "2", "num-other-sentinels": "2"}
LEADS = MemberState({"role": "master", "connected_slaves": "2"}, WATCHES, needs=1)
FOLLOWS = MemberState({"role": "slave", "connected_slaves": "0"}, WATCHES, needs=1)
SILENT = MemberState()
ALONE = replace(LEADS, server={"role": "master", "connected_slaves": "1"})
"""A master that one replica follows."""
OUT = {"redis3": Note("2026-11-26 16:40 UTC", "somebody", "new disks", "2026-11-26 20:40 UTC")}


def findings(*states: MemberState, out: Mapping[str, Note] | None = None) -> list[tuple[str, str]]:
    found = survey("sentinel", {name: [state] for name, state in zip(NAMES, states, strict=False)})
    notes = {name: [out or {}] for name in NAMES[: len(states)]}
    return said(sentinel.judged(replace(found, site=SITE, readings={**found.readings, "maintenance": notes})))


def test_a_master_and_two_replicas_are_well() -> None:
    assert findings(LEADS, FOLLOWS, FOLLOWS) == []


def test_a_site_with_one_server_has_no_such_section() -> None:
    assert sentinel.judged(survey()).tables == ()


@pytest.mark.parametrize(
    ("states", "where", "what"),
    [
        ((LEADS, FOLLOWS, SILENT), "redis3", "Its Sentinel does not answer."),
        ((LEADS, SILENT, SILENT), "", "No majority of Sentinels names a master"),
        ((FOLLOWS, FOLLOWS, FOLLOWS), "", "No Redis server is the master"),
        ((LEADS, LEADS, FOLLOWS), "", "redis1 and redis2 both say that they are the master"),
        ((ALONE, FOLLOWS, FOLLOWS), "redis1", "1 of 2 replicas follow this master"),
        ((LEADS, replace(FOLLOWS, needs=3), FOLLOWS), "redis2", "As a master its Redis would take no write"),
        (
            (LEADS, replace(FOLLOWS, sentinel=WATCHES | {"num-other-sentinels": "3"}), FOLLOWS),
            "redis2",
            "Its Sentinel knows 3 others, and not 2.",
        ),
    ],
)
def test_what_is_wrong_is_said(states: tuple[MemberState, MemberState, MemberState], where: str, what: str) -> None:
    assert any(host == where and sentence.startswith(what) for host, sentence in findings(*states))


def test_a_host_that_is_out_is_missed_by_nobody() -> None:
    assert findings(ALONE, FOLLOWS, out=OUT) == []
    assert findings(replace(ALONE, sentinel=WATCHES | {"num-other-sentinels": "1"}), FOLLOWS, out=OUT) == []


def test_without_it_the_others_are_still_judged() -> None:
    lonely = replace(LEADS, server={"role": "master", "connected_slaves": "0"})
    assert [where for where, what in findings(lonely, FOLLOWS, out=OUT) if "0 of 1 replicas" in what] == ["redis1"]
    stranger = replace(FOLLOWS, sentinel=WATCHES | {"num-other-sentinels": "3"})
    assert [where for where, _ in findings(ALONE, stranger, out=OUT)] == ["redis2"]


@pytest.mark.parametrize("phase", NAMES_OF_PHASES)
def test_each_phase_reads_who_is_out(phase: int) -> None:
    assert "maintenance" in {section.name for section in criteria.of(phase)}
