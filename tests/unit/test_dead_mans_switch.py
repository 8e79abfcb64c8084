"""When the dead man's switch speaks: what it takes for silence, and what it says once."""

from __future__ import annotations

import importlib
import json
import runpy
import sys
import time
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from deploys.roles.dead_mans_switch.declaration import every
from deploys.settings.units import duration
from tests.unit.mail_receiver import Receiver, receiver

sys.path.insert(0, "files/dead_mans_switch")

PROGRAM = importlib.import_module("tracseq_dead_mans_switch")
COUNTS = importlib.import_module("tracseq_switch_counts")
PEOPLE = importlib.import_module("tracseq_switch_people")
HOOK = "https://example.org/hook"
SETTINGS: dict[str, Any] = {
    "site": "production",
    "host": "lb1",
    "ask": ["mon1:9998", "mon2:9998"],
    "after": 600,
    "repeat": 43_200,
    "notes": "/nonexistent",
    "moment": "%Y-%m-%d %H:%M UTC",
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
        self.settings = SETTINGS
        monkeypatch.setattr(PROGRAM, "answer", self.answer_of)
        for name in ("send_mail", "post"):
            monkeypatch.setattr(PEOPLE, name, getattr(self, name + "_of"))

    def answer_of(self, *_: object) -> str:
        if self.count is None:
            raise IncompleteRead(b"")
        return f'alertmanager_alerts_received_total{{status="firing"}} {self.count}\n'

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
        self.known, _ = PROGRAM.looked(self.settings, Path(), "mon1:9998", self.known, now)
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


def note(directory: Path, until: str) -> None:
    said = {"since": "1970-01-01 00:00 UTC", "by": "root", "why": "new disks", "until": until}
    (directory / "mon1").write_text(json.dumps(said))


def test_of_a_host_that_is_out_nothing_is_said_for_as_long_as_was_planned(host: Host, tmp_path: Path) -> None:
    host.settings = SETTINGS | {"notes": str(tmp_path)}
    note(tmp_path, "1970-01-01 04:00 UTC")
    assert [host.look(at, None) for at in range(0, 14_701, 300)] == [0] * 50
    assert host.look(14_701, None) == 2
    assert "1 firing: MonitoringDead of mon1" in host.told[0]


def test_a_host_that_was_silent_and_is_taken_out_is_said_to_be_out(host: Host, tmp_path: Path) -> None:
    host.settings = SETTINGS | {"notes": str(tmp_path)}
    silence(host, 600)
    assert host.look(601, None) == 2
    note(tmp_path, "1970-01-01 04:00 UTC")
    assert [host.look(at, None) for at in (661, 721)] == [2, 0]
    assert "over: MonitoringDead" in host.told[2]
    assert "mon1 is out for maintenance until 1970-01-01 04:00 UTC: new disks" in host.told[2]


@pytest.mark.parametrize("text", ["", "{}", '{"until": "soon"}'])
def test_a_note_that_says_no_end_hides_no_silence(host: Host, tmp_path: Path, text: str) -> None:
    host.settings = SETTINGS | {"notes": str(tmp_path)}
    (tmp_path / "mon1").write_text(text)
    silence(host, 600)
    assert host.look(601, None) == 2


class Sender:
    """A monitoring host that is well but for what it sends by mail, and a mail server to which this host can send."""

    def __init__(self, mails: Receiver) -> None:
        mail = {"server": f"127.0.0.1:{mails.port}", "sender": "a@example.org", "to": ["b@example.org"]}
        self.settings = SETTINGS | {"mail": mail | {"tls": False, "user": None}, "webhooks": {}}
        self.known: dict[str, Any] = {}
        self.text = ""

    def look(self, now: int, tried: int, failed: int) -> list[str]:
        """Why somebody could not be told, after so many attempts to send."""
        self.text = (
            f'alertmanager_alerts_received_total{{status="firing",version="v2"}} {now}\n'
            f'alertmanager_notification_requests_total{{integration="email"}} {tried}\n'
            f'alertmanager_notification_requests_failed_total{{integration="email"}} {failed}\n'
            'alertmanager_notification_requests_total{integration="webhook"} 0\n'
            'alertmanager_notification_requests_failed_total{integration="webhook"} 0\n'
        )
        self.known, problems = PROGRAM.looked(self.settings, Path(), "mon1:9998", self.known, now)
        self.known = json.loads(json.dumps(self.known))
        return list(problems)


@pytest.fixture
def mails() -> Any:
    with receiver() as server:
        yield server


@pytest.fixture
def sender(mails: Receiver, monkeypatch: pytest.MonkeyPatch) -> Sender:
    made = Sender(mails)
    monkeypatch.setattr(PROGRAM, "answer", lambda *_: made.text)
    return made


def test_a_host_whose_mail_is_refused_is_told_of_once_and_its_end(sender: Sender, mails: Receiver) -> None:
    for at, failed in ((0, 0), (60, 3), (120, 4), (180, 5)):
        assert sender.look(at, 7 + failed, failed) == []
    assert mails.mails == [], "a mail server that boots comes back within minutes"
    sender.look(240, 13, 6)
    assert mails.subjects == ["1 firing: NotificationsFail of mon1 by email (production)"]
    text = mails.mails[0].as_string()
    assert "All that mon1 sent by email has failed since 1970-01-01 00:01:00 UTC" in text
    assert "Unless mon2 does, nobody tells you by email" in text
    for at in (300, 360):
        sender.look(at, 7 + at, at)
    assert len(mails.mails) == 1
    sender.look(420, 368, 360)
    assert mails.subjects[1:] == ["over: NotificationsFail of mon1 by email (production)"]
    sender.look(480, 368, 360)
    assert len(mails.mails) == 2


def test_what_failed_before_it_looked_is_no_failure_nor_what_went_well_between(sender: Sender, mails: Receiver) -> None:
    for at in range(0, 1200, 60):
        sender.look(at, 2 * (at + 100), at + 100)
    assert mails.mails == []
    sender.look(1200, 10_000, 5000)
    for at in range(1260, 2400, 60):
        sender.look(at, 10_001, 5001)
    assert mails.mails == [], "one attempt that failed, after which nothing was to be sent"


def test_an_alertmanager_that_started_anew_still_fails_until_it_sends(sender: Sender, mails: Receiver) -> None:
    for at, failed in ((0, 50), (60, 51), (120, 2), (180, 3), (240, 4)):
        sender.look(at, failed, failed)
    assert mails.subjects == ["1 firing: NotificationsFail of mon1 by email (production)"]
    sender.look(300, 1, 0)
    assert mails.subjects[1:] == ["over: NotificationsFail of mon1 by email (production)"]


def test_it_is_said_again_only_while_it_goes_on(sender: Sender, mails: Receiver) -> None:
    for at in (0, 60, 240):
        sender.look(at, at, at)
    assert len(mails.mails) == 1
    for at in range(300, 50_000, 300):
        sender.look(at, 240, 240)
    assert len(mails.mails) == 1
    sender.look(50_000, 241, 241)
    assert len(mails.mails) == 2


def test_a_mail_server_that_refuses_this_host_too_is_asked_again(sender: Sender, mails: Receiver) -> None:
    mails.refuses = True
    for at in (0, 60):
        assert sender.look(at, at, at) == []
    assert ["refused" in one for one in sender.look(240, 240, 240)] == [True]
    mails.refuses = False
    assert sender.look(300, 240, 240) == []
    assert len(mails.mails) == 1


def test_hosts_are_asked_side_by_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hosts = [f"mon{number}:9998" for number in range(1, 6)]
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS | {"ask": hosts}))

    def answer(*_: object) -> str:
        time.sleep(0.5)
        raise OSError("timed out")

    monkeypatch.setattr(PROGRAM, "answer", answer)
    for variable in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.setenv(variable, str(tmp_path))
    began = time.monotonic()
    PROGRAM.main()
    assert time.monotonic() - began < 5 * 0.5
    assert set(json.loads((tmp_path / "known.json").read_text())) == set(hosts)


def test_with_what_a_site_has_by_default_the_mail_is_there_within_twelve_minutes() -> None:
    """Where Prometheus dies just before a look, and each look waits as long as it may for what is half dead."""
    after = duration(runpy.run_path("group_data/monitoring.py")["dead_mans_switch_after"])
    accuracy, asked = 1, 3 * PROGRAM.TIMEOUT
    cycle = every(int(after)) + accuracy + asked
    heard, noticed = cycle, cycle + asked
    assert heard + after + noticed <= 12 * 60


def test_what_alertmanager_counts_is_read() -> None:
    text = (
        "# TYPE alertmanager_alerts_received_total counter\n"
        'alertmanager_alerts_received_total{status="firing",version="v2"} 41\n'
        'alertmanager_alerts_received_total{status="resolved",version="v2"} 1e+00\n'
    )
    assert COUNTS.count(text) == 42


def test_attempts_are_read_in_the_words_of_both_debians() -> None:
    text = (
        "# TYPE alertmanager_notification_requests_failed_total counter\n"
        'alertmanager_notification_requests_failed_total{integration="email"} 13\n'
        'alertmanager_notification_requests_total{integration="email"} 15\n'
        'alertmanager_notification_requests_total{integration="msteamsv2",receiver_name="everybody"} 1e+00\n'
    )
    assert COUNTS.attempts(text) == {"email": [2, 13], "msteamsv2": [1, 0]}
