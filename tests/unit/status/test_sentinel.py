"""How Redis servers that fail over are judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploys.controller.status import sentinel
from deploys.facts.redis_member import MemberState
from deploys.settings.site import Site
from tests.unit.status.pretended import host, said, survey

NAMES = ("redis1", "redis2", "redis3")
SITE = Site(tuple(host(name, 41 + number, "redis", "sentinels") for number, name in enumerate(NAMES)), {})
WATCHES = {"ip": "10.0.0.41", "num-slaves": "2", "num-other-sentinels": "2"}
LEADS = MemberState({"role": "master", "connected_slaves": "2"}, WATCHES)
FOLLOWS = MemberState({"role": "slave", "connected_slaves": "0"}, WATCHES)
SILENT = MemberState()


def findings(first: MemberState, second: MemberState, third: MemberState) -> list[tuple[str, str]]:
    readings = {name: [state] for name, state in zip(NAMES, (first, second, third), strict=True)}
    return said(sentinel.judged(replace(survey("sentinel", readings), site=SITE)))


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
        (
            (replace(LEADS, server={"role": "master", "connected_slaves": "1"}), FOLLOWS, FOLLOWS),
            "redis1",
            "1 of 2 replicas follow this master",
        ),
        (
            (LEADS, replace(FOLLOWS, sentinel=WATCHES | {"num-other-sentinels": "3"}), FOLLOWS),
            "redis2",
            "Its Sentinel knows 3 others, and not 2.",
        ),
    ],
)
def test_what_is_wrong_is_said(states: tuple[MemberState, MemberState, MemberState], where: str, what: str) -> None:
    assert any(host == where and sentence.startswith(what) for host, sentence in findings(*states))
