"""Journals that would not arrive are refused before a host is touched; those of a site go by one value elsewhere."""

from __future__ import annotations

import re

import pytest

from tests.plan.conftest import PlannedCopy

UNTOUCHED = "no host was touched"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://10.0.0.70/insert/journald", "backup1 is in the group logs: it would get none"),
        ("http://10.0.0.70:9428/insert/journald", "is at port 9428, to which the firewall lets nobody"),
        ("http://10.0.0.70:99999", "has no port that there is"),
        ("10.0.0.70", "logs_url (in group_data/all.py, or what overrides it)"),
    ],
)
def test_what_is_wrong_is_said(copy: PlannedCopy, url: str, problem: str) -> None:
    run = copy.plan("--data", f"logs_url={url}")
    assert run.code != 0
    assert problem in run.output
    assert UNTOUCHED in run.output


def _without_a_log_host(copy: PlannedCopy, instead: str = "") -> None:
    path = copy.own("tests") / "plan/inventory.py"
    text, found = re.subn(r"^logs = .*\n", instead, path.read_text(), flags=re.MULTILINE)
    assert found == 1
    path.write_text(text)


def test_there_is_one_log_host(copy: PlannedCopy) -> None:
    _without_a_log_host(copy, 'logs = [_host("backup1", 51), _host("redis1", 41)]\n')
    run = copy.plan()
    assert run.code != 0
    assert "one log host" in run.output
    assert UNTOUCHED in run.output


def test_a_site_without_a_log_host_sends_nothing(copy: PlannedCopy) -> None:
    _without_a_log_host(copy)
    run = copy.plan()
    assert run.code == 0, run.output
    assert not [name for name in run.changes if name.startswith(("Journal", "Log host"))]


def test_one_value_sends_all_journals_elsewhere(copy: PlannedCopy) -> None:
    _without_a_log_host(copy)
    run = copy.plan("--diff", "--data", "logs_url=https://logs.example.org/insert/journald")
    assert run.code == 0, run.output
    assert len(run.changes["Journal | It is sent"]) == 8
    assert "--url=https://logs.example.org/insert/journald" in run.output
    assert "--trust=/etc/ssl/certs/ca-certificates.crt" in run.output
