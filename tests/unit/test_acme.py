"""When a certificate is asked for, how long an authority is left alone, and what of it is told."""

from __future__ import annotations

import json
import runpy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deploys.controller.acme import LATE
from deploys.controller.authority import Authority

PROGRAM = runpy.run_path("files/acme/tracseq_acme.py")
NAME, HOUR, DAY = "api.example.org", 3600.0, 86400.0
LIFE = 60 * DAY


class Balancer:
    """A load balancer that looks again and again; instead of the client there is one that copies what it is given."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.asked = directory / "state", directory / "asked"
        self.state.mkdir()
        self.authority = Authority(str(directory / "authority"), LIFE, DAY)
        leaf = self.authority.leaf(NAME, [NAME])
        self.leaf = directory / "leaf.crt"
        self.leaf.write_text(leaf.certificate)
        begin, end = PROGRAM["life"](self.leaf)
        self.begin, self.end = float(begin), float(end)
        self.client = directory / "client"
        monkeypatch.setitem(PROGRAM["main"].__globals__, "CLIENT", self.client)
        self.settings: dict[str, Any] = {
            "name": NAME,
            "directory": "https://acme.example.org/dir",
            "authority": "/etc/ssl/certs/ca-certificates.crt",
            "contact": "administrator@example.org",
            "shown": str(self.leaf),
            "updates": {},
            "waits": 0,
        }
        self.answers(True)

    def answers(self, well: bool) -> None:
        """Have the authority give the certificate, or refuse it."""
        got = self.state / "lego" / "certificates"
        given = f'mkdir -p "{got}" && cp "{self.leaf}" "{got}/{NAME}.crt"'
        refused = "echo 'acme: error: 429 :: rateLimited'; exit 1"
        self.client.write_text(f'#!/bin/sh\necho "$@" >> "{self.asked}"\n{given if well else refused}\n')
        self.client.chmod(0o755)

    def looks(self, now: float) -> int:
        """How often the authority was asked, in all, once the balancer has looked."""
        PROGRAM["main"](self.settings, self.state, now)
        return len(self.asked.read_text().splitlines()) if self.asked.exists() else 0

    def told(self) -> dict[str, float]:
        lines = (self.state / "state" / "acme.prom").read_text().splitlines()
        pairs = (line.split() for line in lines if not line.startswith("#"))
        return {name.removeprefix("tracseq_acme_"): float(value) for name, value in pairs}


@pytest.fixture
def balancer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Balancer:
    return Balancer(tmp_path, monkeypatch)


def test_one_that_is_there_is_renewed_with_a_third_of_its_life_left(balancer: Balancer) -> None:
    life = balancer.end - balancer.begin
    assert balancer.looks(balancer.begin + 1) == 1
    assert balancer.looks(balancer.end - life / 3 - HOUR) == 1
    assert balancer.looks(balancer.end - life / 3 + HOUR) == 2
    assert balancer.told()["late_timestamp_seconds"] == pytest.approx(balancer.end - life / LATE, abs=1)
    assert balancer.told()["last_success_timestamp_seconds"] == pytest.approx(balancer.end - life / 3 + HOUR, abs=1)


def test_after_failures_an_authority_is_left_alone_for_longer_and_longer(balancer: Balancer) -> None:
    balancer.answers(False)
    times: list[float] = []
    now = balancer.begin
    for _ in range(24 * 7 * 2):
        before = len(times)
        times += [now] * (balancer.looks(now) - before)
        now += HOUR / 2
    assert [(after - one) / HOUR for one, after in pairwise(times)][:8] == [
        0.5, 1, 2, 4, 8, 12, 12, 12
    ]  # fmt: skip
    assert balancer.told()["failures"] == len(times)
    assert balancer.told()["late_timestamp_seconds"] == 0
    balancer.answers(True)
    balancer.looks(now + 12 * HOUR)
    assert balancer.told()["failures"] == 0


def test_what_the_authority_says_is_in_the_journal(balancer: Balancer, capfd: pytest.CaptureFixture[str]) -> None:
    balancer.answers(False)
    balancer.looks(balancer.begin)
    said = capfd.readouterr()
    assert said.err == (
        "<3>No certificate came: acme: error: 429 :: rateLimited. It is tried again after 30 minutes.\n"
    )


def test_new_settings_are_tried_at_once_and_another_authority_is_asked(balancer: Balancer) -> None:
    balancer.answers(False)
    assert balancer.looks(balancer.begin) == 1
    balancer.settings["contact"] = "somebody@example.org"
    balancer.answers(True)
    assert balancer.looks(balancer.begin + 1) == 2
    balancer.settings["contact"] = "administrator@example.org"
    assert balancer.looks(balancer.begin + 2) == 2, "the certificate that it has is as good"
    balancer.settings["directory"] = "https://other.example.org/dir"
    assert balancer.looks(balancer.begin + 3) == 3


def test_who_wants_one_now_gets_one_once(balancer: Balancer) -> None:
    assert balancer.looks(balancer.begin) == 1
    (balancer.state / "now").touch()
    assert balancer.looks(balancer.begin + 1) == 2
    assert balancer.looks(balancer.begin + 2) == 2


def test_an_authority_that_was_made_anew_gets_a_new_account(balancer: Balancer) -> None:
    account = balancer.state / "lego" / "accounts" / "acme.example.org" / "key"
    account.parent.mkdir(parents=True)
    account.touch()
    given = balancer.client.read_text()
    said = "acme: error: 400 :: urn:ietf:params:acme:error:accountDoesNotExist :: not found"
    balancer.client.write_text(f'{given}test ! -e "{account}" || {{ echo "{said}"; exit 1; }}\n')
    assert balancer.looks(balancer.begin) == 2
    assert balancer.told()["failures"] == 0


def test_a_clock_that_was_put_back_delays_nothing(balancer: Balancer) -> None:
    balancer.answers(False)
    assert balancer.looks(balancer.begin + 20 * DAY) == 1
    assert balancer.looks(balancer.begin) == 2


def test_what_a_died_attempt_has_left_is_read_as_nothing(balancer: Balancer) -> None:
    assert balancer.looks(balancer.begin) == 1
    (balancer.state / "known.json").write_text('{"settings": ')
    assert balancer.looks(balancer.begin + 1) == 2
    assert json.loads((balancer.state / "known.json").read_text())["failures"] == 0


def test_by_updates_the_secret_is_in_no_argument(
    balancer: Balancer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("c2VjcmV0")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    balancer.settings["updates"] = {"RFC2136_NAMESERVER": "10.0.0.53"}
    line, environment = PROGRAM["command"](balancer.settings, balancer.state, {"PATH": "/usr/bin", "OTHER": "x"})
    assert "c2VjcmV0" not in map(str, line)
    assert {"--dns", "rfc2136"} < set(line) and "--http" not in line
    assert environment == {
        "PATH": "/usr/bin",
        "LEGO_CA_CERTIFICATES": "/etc/ssl/certs/ca-certificates.crt",
        "RFC2136_NAMESERVER": "10.0.0.53",
        "RFC2136_TSIG_SECRET": "c2VjcmV0",
    }
