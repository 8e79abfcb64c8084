"""When the dead man's switch speaks: what it takes for silence, and what it says once."""

from __future__ import annotations

import runpy
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest

PROGRAM = runpy.run_path("files/dead_mans_switch/tracseq_dead_mans_switch.py")
HOOK = "https://example.org/hook"
SETTINGS: dict[str, Any] = {
    "site": "production",
    "host": "lb1",
    "ask": ["mon1:9998", "mon2:9998"],
    "after": 600,
    "repeat": 43_200,
    "mail": {"server": "mail.example.org:25"},
    "webhooks": {"plain": [HOOK], "slack": [], "teams": []},
}


class Host:
    """A monitoring host that is looked at again and again, and what people were told meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, Any] = {}
        self.count: float | None = 0.0
        self.failing: set[str] = set()
        self.told: list[str] = []
        self.looked = PROGRAM["looked"]
        for name in ("count", "send_mail", "post"):
            monkeypatch.setitem(self.looked.__globals__, name, getattr(self, name + "_of"))

    def count_of(self, *_: object) -> float:
        if self.count is None:
            raise IncompleteRead(b"")
        return self.count

    def send_mail_of(self, _mail: object, subject: str, text: str) -> None:
        self.tell("mail", f"{subject}: {text}")

    def post_of(self, url: str, content: dict[str, Any]) -> None:
        self.tell(url, content["status"])

    def tell(self, way: str, what: str) -> None:
        if way in self.failing:
            raise OSError(f"{way}: Connection refused")
        self.told.append(f"{way}: {what}")

    def look(self, now: float, count: float | None) -> int:
        """How many messages were sent when it was looked at."""
        self.count, before = count, len(self.told)
        self.known, _ = self.looked(SETTINGS, Path(), "mon1:9998", self.known, now)
        return len(self.told) - before


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def silence(host: Host, until: float, since: float = 0) -> None:
    """It is looked at every five minutes, and nothing is heard."""
    for at in range(int(since), int(until) + 1, 300):
        host.look(at, 3)


def test_it_speaks_once_after_the_silence_and_once_at_its_end(host: Host) -> None:
    silence(host, 600)
    assert host.told == []
    assert host.look(601, 3) == 2
    assert "since 1970-01-01 00:00:00 UTC: its Alertmanager answers, and is told nothing" in host.told[0]
    assert host.look(661, None) == 0
    assert host.look(721, 4) == 2
    assert host.told[2].startswith("mail: over: MonitoringDead of mon1 (production)")
    assert host.told[3] == f"{HOOK}: resolved"
    assert host.look(781, 4) == 0


def test_a_host_that_does_not_answer_is_named_with_the_reason(host: Host) -> None:
    silence(host, 600)
    assert host.look(601, None) == 2
    assert "mon1 has heard nothing" in host.told[0]
    assert "it does not answer (IncompleteRead(0 bytes read))" in host.told[0]
    assert "Unless mon2 does, nobody tells you" in host.told[0]


def test_an_alertmanager_that_started_anew_counts_from_nothing_and_is_heard(host: Host) -> None:
    host.look(0, 300)
    assert [host.look(at, 2) for at in (590, 1000)] == [0, 0]


def test_it_says_so_again_while_it_lasts(host: Host) -> None:
    silence(host, 43_800)
    assert len(host.told) == 2
    silence(host, 2 * 43_800, 44_100)
    assert len(host.told) == 4


def test_a_way_that_fails_is_tried_again_and_no_other(host: Host) -> None:
    silence(host, 600)
    host.failing = {HOOK}
    assert [host.look(at, 3) for at in (601, 661, 721)] == [1, 0, 0]
    host.failing = set()
    assert [host.look(at, 3) for at in (781, 841)] == [1, 0]
    assert [one.partition(":")[0] for one in host.told] == ["mail", "https"]
    host.failing = {HOOK}
    assert [host.look(at, at) for at in (901, 961)] == [1, 0]
    assert host.told[-1].startswith("mail: over")


def test_a_clock_that_is_put_back_hides_no_silence(host: Host) -> None:
    host.look(10_000, 3)
    silence(host, 600)
    assert host.look(601, 3) == 2


def test_whoever_was_away_does_not_take_its_own_absence_for_silence(host: Host) -> None:
    host.look(0, 3)
    assert host.look(3600, None) == 0
    assert [host.look(at, None) for at in (3900, 4200, 4201)] == [0, 0, 2]


def test_what_alertmanager_counts_is_read() -> None:
    text = (
        "# TYPE alertmanager_alerts_received_total counter\n"
        'alertmanager_alerts_received_total{status="firing",version="v2"} 41\n'
        'alertmanager_alerts_received_total{status="resolved",version="v2"} 1e+00\n'
    )
    assert [float(one) for one in PROGRAM["COUNT"].findall(text)] == [41.0, 1.0]
