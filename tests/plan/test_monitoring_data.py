"""Alerts that would reach nobody, or come for no reason, are refused before a host is touched."""

from __future__ import annotations

import re
import string

import pytest

from tests.plan.conftest import PlannedCopy
from tests.plan.test_preflight import rows, with_machines

UNTOUCHED = "no host was touched"
MONITORS = 'monitoring = [_host("backup1", 51), _host("redis1", 41)]'


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (("alert_mail_port=465",), "give the server's port for STARTTLS"),
        (("alert_mail_server=",), "alert_mail_port (in group_data/all.py) needs alert_mail_server"),
        (("alert_mail_user=me",), "needs ALERT_MAIL_PASSWORD in .env.plan"),
        (("alert_mail_user=me", "alert_mail_tls=false"), "its password would be sent in clear"),
        (("alert_mail_port=null",), "alerts would reach nobody"),
        (("dead_mans_switch_after=60s",), "dead_mans_switch_after (of backup1) must be at least 90s"),
        (("certificate_renewal=10d",), "certificate_renewal (in group_data/all.py) must be more than 14 days"),
    ],
)
def test_what_is_wrong_is_said(copy: PlannedCopy, data: tuple[str, ...], problem: str) -> None:
    run = copy.plan(*(part for one in data for part in ("--data", one)))
    assert run.code != 0
    assert problem in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://10.0.0.99:9000/hook", "is at port 9000, to which the firewall lets nobody"),
        ("hooks-of-the-laboratory", "is no address"),
        ("https://10.0.0.98/one?key=hjKq3T https://10.0.0.99:443/two", None),
    ],
)
def test_webhooks_are_reached_through_the_firewall(copy: PlannedCopy, url: str, problem: str | None) -> None:
    copy.secrets.write_text(f"{copy.secrets.read_text()}\nALERT_WEBHOOKS={url}\n")
    run = copy.plan()
    assert (run.code == 0) is (problem is None), run.output
    assert problem is None or problem in run.output
    assert url not in run.output, "whoever has the address can post"


@pytest.mark.parametrize(
    ("releases", "refused"),
    [
        ({}, {("backup1", "Alertmanager")}),
        ({"backup1": "13"}, set()),
        ({"backup1": "13", "redis1": "12"}, {("redis1", "Alertmanager")}),
    ],
    ids=["12", "13", "one of each"],
)
def test_teams_needs_monitoring_hosts_of_debian_13(
    copy: PlannedCopy, releases: dict[str, str], refused: set[tuple[str, str]]
) -> None:
    copy.secrets.write_text(f"{copy.secrets.read_text()}\nALERT_TEAMS_WEBHOOKS=https://10.0.0.98/one?key=hjKq3T\n")
    inventory = with_machines(copy, **{name: {"version": release} for name, release in releases.items()})
    if "redis1" in releases:
        path = copy.directory / inventory
        text, found = re.subn(r"^monitoring = .*$", MONITORS, path.read_text(), flags=re.MULTILINE)
        assert found == 1
        path.write_text(text)
    run = copy.plan(inventory=inventory)
    assert {row for row in rows(run.output) if row[1] == "Alertmanager"} == refused
    assert (run.code == 0) is not bool(refused), run.output
    if refused:
        assert "that of Debian 12 knows no Teams" in run.output
        assert "Debian 13, or ALERT_WEBHOOKS instead of ALERT_TEAMS_WEBHOOKS" in run.output


def test_a_password_of_which_only_a_part_would_count_is_refused(copy: PlannedCopy) -> None:
    too_long = f"{string.ascii_letters}{string.digits}{string.ascii_letters}"
    text = re.sub("^PAGES_PASSWORD=.*$", f"PAGES_PASSWORD={too_long}", copy.secrets.read_text(), flags=re.MULTILINE)
    copy.secrets.write_text(text)
    run = copy.plan()
    assert run.code != 0
    assert "PAGES_PASSWORD has more than 72 characters" in run.output
    assert UNTOUCHED in run.output
    assert too_long not in run.output


def test_a_monitoring_host_has_pages_where_they_have_a_port(copy: PlannedCopy) -> None:
    with_pages = copy.plan().changes
    assert with_pages["Pages | nginx for the pages"] == ["@fake/backup1"]
    without = copy.plan("--data", "pages_port=null")
    assert without.code == 0, without.output
    assert not [name for name in without.changes if name.startswith("Pages")]
