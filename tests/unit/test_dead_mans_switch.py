"""When the dead man's switch speaks: what it takes for silence, and what it says once."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

PROGRAM = runpy.run_path("files/dead_mans_switch/tracseq_dead_mans_switch.py")
SETTINGS: dict[str, Any] = {"site": "production", "host": "lb1", "after": 600, "repeat": 43200}


class Host:
    """A monitoring host that is looked at again and again, and what people were told meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, Any] = {}
        self.count: float | None = 0.0
        self.mail_works = True
        self.told: list[str] = []
        self.looked = PROGRAM["looked"]
        monkeypatch.setitem(self.looked.__globals__, "count", self.counted)
        monkeypatch.setitem(self.looked.__globals__, "told", self.tell)

    def counted(self, *_: object) -> float:
        if self.count is None:
            raise OSError("[Errno 113] No route to host")
        return self.count

    def tell(self, _settings: object, _silent: bool, subject: str, text: str) -> list[str]:
        self.told.append(f"{subject}: {text}")
        return [] if self.mail_works else ["Connection refused"]

    def look(self, now: float, count: float | None) -> int:
        """How many messages were sent, or tried, when it was looked at."""
        self.count, before = count, len(self.told)
        self.known, _ = self.looked(SETTINGS, Path(), "mon1:9998", self.known, now)
        return len(self.told) - before


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def test_it_speaks_once_after_the_silence_and_once_at_its_end(host: Host) -> None:
    assert [host.look(at, 3) for at in (0, 60, 600)] == [0, 0, 0]
    assert host.look(601, 3) == 1
    assert "since 1970-01-01 00:00:00 UTC: its Alertmanager answers, and is told nothing" in host.told[-1]
    assert host.look(661, None) == 0
    assert host.look(721, 4) == 1
    assert host.told[-1].startswith("over: MonitoringDead (production)")
    assert host.look(781, 4) == 0


def test_a_host_that_does_not_answer_is_named_with_the_reason(host: Host) -> None:
    host.look(0, 3)
    assert host.look(601, None) == 1
    assert "mon1 has heard nothing" in host.told[0]
    assert "it does not answer ([Errno 113] No route to host)" in host.told[0]


def test_an_alertmanager_that_started_anew_counts_from_nothing_and_is_heard(host: Host) -> None:
    host.look(0, 300)
    assert [host.look(at, 2) for at in (590, 1000)] == [0, 0]


def test_it_says_so_again_while_it_lasts(host: Host) -> None:
    host.look(0, 3)
    assert [host.look(at, 3) for at in (601, 602, 43_801, 43_802, 43_803)] == [1, 0, 0, 1, 0]


def test_who_could_not_be_told_is_told_the_next_time(host: Host) -> None:
    host.look(0, 3)
    host.mail_works = False
    assert [host.look(at, 3) for at in (601, 661)] == [1, 1]
    host.mail_works = True
    assert [host.look(at, 3) for at in (721, 781)] == [1, 0]


def test_a_clock_that_is_put_back_hides_no_silence(host: Host) -> None:
    host.look(10_000, 3)
    host.look(0, 3)
    assert host.look(601, 3) == 1


def test_what_alertmanager_counts_is_read() -> None:
    text = (
        "# TYPE alertmanager_alerts_received_total counter\n"
        'alertmanager_alerts_received_total{status="firing",version="v2"} 41\n'
        'alertmanager_alerts_received_total{status="resolved",version="v2"} 1e+00\n'
    )
    assert [float(one) for one in PROGRAM["COUNT"].findall(text)] == [41.0, 1.0]
