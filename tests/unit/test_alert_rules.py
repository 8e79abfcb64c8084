"""The rules say what to do, and where that is written."""

from __future__ import annotations

import re
from pathlib import Path

from tests import changed_rules, rules


def test_every_rule_has_its_case_and_every_case_its_rule() -> None:
    assert set(rules.of_files()) == {case.alert for case in rules.CASES} | {"Watchdog"}


def test_every_rule_says_what_to_do_and_leads_to_a_page() -> None:
    for alert, path in rules.of_files().items():
        rule = path.read_text().split(f"- alert: {alert}\n")[1].split("- alert: ")[0]
        assert re.search(r"severity: (page|ticket|none)\b", rule), alert
        for key in ("summary", "do"):
            assert re.search(rf'^ +{key}: ".+"$', rule, re.MULTILINE), f"{alert} has no {key}"
        page = re.search(r"page: (docs/operations/\S+)", rule)
        assert page and Path(page[1]).is_file(), f"{alert} leads to no page"


def test_each_threshold_is_changed_where_it_stands() -> None:
    alone = changed_rules.alone(rules.of_files()["HostRebooted"].read_text(), "HostRebooted")
    (up, more), (down, less) = changed_rules.changed(alone)
    assert "time() - node_boot_time_seconds < 6000\n" in more and "x 10," in up
    assert "time() - node_boot_time_seconds < 60\n" in less and "x 0.1," in down
    assert len(more.splitlines()) == len(alone.splitlines())
    budget = changed_rules.alone(rules.of_files()["ErrorBudgetSpent"].read_text(), "ErrorBudgetSpent")
    assert [one for what, one in changed_rules.changed(budget) if what.startswith("1 x 10")] == [
        budget.replace("[3d])) > 1 *", "[3d])) > 10 *"),
        budget.replace("[6h])) > 1 *", "[6h])) > 10 *"),
    ]


def test_each_leg_is_taken_away_and_no_more() -> None:
    rule = """groups:
  - name: One
    rules:
      - alert: One
        expr: |
          (up{job="a and b"} == 0 and on (instance) (x or y)) or vector(0)
            unless z
        labels: {severity: page}
"""
    left = {
        what: " ".join(one.split("|\n")[1].split("labels:")[0].split()) for what, one in changed_rules.changed(rule)
    }
    assert left == {
        "without and on (instance) (x or y)": '(up{job="a and b"} == 0 ) or vector(0) unless z',
        "without or y": '(up{job="a and b"} == 0 and on (instance) (x )) or vector(0) unless z',
        "without or vector(0)": '(up{job="a and b"} == 0 and on (instance) (x or y)) unless z',
        "without unless z": '(up{job="a and b"} == 0 and on (instance) (x or y)) or vector(0)',
    }


def test_what_planned_work_never_excuses_is_always_told() -> None:
    """A silence is of the rules that have its label: what users lose, and what a run cannot cause, have none."""
    labelled = {
        alert
        for alert, path in rules.of_files().items()
        if "planned_work: causes_it" in path.read_text().split(f"- alert: {alert}\n")[1].split("- alert: ")[0]
    }
    assert {"PostgresDown", "NoPrimary", "GatewayDown", "HostGone"} < labelled
    never = {"NoGateway", "TwoPrimaries", "SlotLost", "NoBackup", "BackupTooOld", "DiskAlmostFull", "Watchdog"}
    never |= {"BackupsNotWatched", "AlertsNotDelivered"}
    never |= {alert for alert in rules.of_files() if alert.startswith("ErrorBudget") or "Certificate" in alert}
    assert not labelled & never
