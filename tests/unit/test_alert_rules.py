"""The rules say what to do, and where that is written."""

from __future__ import annotations

import re
from pathlib import Path

from tests import rules


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


def test_a_changed_threshold_is_only_of_one_alert() -> None:
    text = rules.of_files()["HostRebooted"].read_text()
    (up, more), (down, less) = rules.changed(text, "HostRebooted")
    assert (up, down) == ("HostRebooted: 600 x 10", "HostRebooted: 600 x 0.1")
    assert "time() - node_boot_time_seconds < 6000\n" in more
    assert "time() - node_boot_time_seconds < 60\n" in less
    assert len(more.splitlines()) == len(text.splitlines())


def test_what_planned_work_never_excuses_is_always_told() -> None:
    """A silence is of the rules that have its label: what users lose, and what a run cannot cause, have none."""
    labelled = {
        alert
        for alert, path in rules.of_files().items()
        if "planned_work: causes_it" in path.read_text().split(f"- alert: {alert}\n")[1].split("- alert: ")[0]
    }
    assert {"PostgresDown", "NoPrimary", "GatewayDown", "HostGone"} < labelled
    never = {"NoGateway", "TwoPrimaries", "SlotLost", "NoBackup", "BackupTooOld", "DiskAlmostFull", "Watchdog"}
    never |= {alert for alert in rules.of_files() if alert.startswith("ErrorBudget") or "Certificate" in alert}
    assert not labelled & never
