"""Logs that the log host does not have."""

from __future__ import annotations

from deploys.controller.status.logs import judged
from deploys.facts.journal_sent import JournalSent
from tests.unit.status.pretended import NOW, said, survey


def test_what_a_host_says() -> None:
    assert (
        JournalSent().process(["# HELP x", "# TYPE x gauge", "x 1795664280.106989", "# HELP y", "y 17"])
        == 1795664280.106989
    )
    assert JournalSent().process([]) is None


def test_logs_that_are_late_are_wrong_and_those_of_which_nothing_is_known_yet_are_not() -> None:
    found = judged(survey("logs", {"gw1": [NOW - 800], "gw2": [NOW - 7200], "pg1": [None]}))
    assert said(found) == [("gw2", "The log host has nothing of what it wrote in the last 2 h.")]
    assert said(found, wrong=False) == [("pg1", "It is not known yet whether the log host has its journal.")]
    assert found.values["pg1"] == {"sent_until": None}
