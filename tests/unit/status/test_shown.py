"""The same status for people and for programs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping

import pytest

from deploys.controller import words
from deploys.controller.status import document, screen
from deploys.controller.status.report import SECTIONS, all_findings
from deploys.controller.status.section import Cell, Finding, Judged, Survey, Table
from deploys.facts.gateway import GatewayState
from deploys.facts.units import UnitsState
from deploys.settings import terminal
from tests.unit.status.pretended import NOW, SITE, survey

# Nobody asks here which server is the primary.
LEFT_OUT = frozenset({"pg1", "pg2"})
SILENT = survey("units", {"gw1": [UnitsState(failed=("apt-daily.service",))]}, {"gw2": "no route to host."}, LEFT_OUT)


def judged(found: Survey) -> Mapping[str, Judged]:
    return {section.name: section.judged(found) for section in SECTIONS}


def shown(found: Survey, coloured: bool = False) -> str:
    """The screen."""
    made = judged(found)
    flat = [one for of_section in all_findings(found, made).values() for one in of_section]
    return screen.text(found, made, flat, coloured)


def test_a_site_that_is_well_says_so_in_its_first_line() -> None:
    assert shown(survey(left_out=LEFT_OUT)).splitlines()[0] == "unit, 2027-01-15 08:00 UTC: all is well"


def test_what_is_wrong_is_marked_counted_and_listed_with_what_to_do() -> None:
    text = shown(SILENT)
    assert "2 things are wrong" in text.splitlines()[0]
    assert re.search(r"^  gw1 +gateways +! 1 down", text, re.MULTILINE)
    assert re.search(r"^  gw2 +! not read", text, re.MULTILINE)
    assert "1. gw2: It could not be read: no route to host." in text
    assert "2. gw1: apt-daily.service failed. Look why: journalctl -u apt-daily.service" in text


def test_hosts_that_a_limit_leaves_out_are_not_shown_as_anything_else() -> None:
    text = shown(survey(left_out=frozenset({"gw2", "pg1"})))
    assert "Left out by the limit: gw2, pg1." in text
    assert not re.search(r"^  gw2", text, re.MULTILINE)


def test_colours_are_only_where_they_are_asked_for_and_change_no_word() -> None:
    coloured = shown(SILENT, coloured=True)
    assert "\033[31;1m" in coloured
    assert re.sub(r"\033\[[\d;]*m", "", coloured).replace(" ", "") == shown(SILENT).replace(" ", "")


def test_a_table_that_is_too_wide_is_cut_and_a_sentence_is_wrapped() -> None:
    row = (Cell("x" * 100), Cell("y" * 100, wrong=True), Cell("z"))
    made = {"wide": Judged(tables=[Table("Wide", ("one", "two", "three"), (row,))])}
    text = screen.text(survey(), made, [Finding("gw1", "word " * 60)], coloured=False)
    assert max(map(len, text.splitlines())) <= screen.WIDTH
    [line] = [line for line in text.splitlines() if "yyy" in line]
    assert line.startswith("  xxx")
    assert "…  ! yyy" in line
    assert line.endswith("z")


def test_programs_get_the_same_as_json() -> None:
    made = judged(SILENT)
    found = json.loads(document.text(SILENT, made, all_findings(SILENT, made)))
    assert found["well"] is False
    assert [(one["section"], one["host"], one["wrong"]) for one in found["findings"]] == [
        ("hosts", "gw2", True),
        ("units", "gw1", True),
    ]
    assert found["hosts"]["gw2"] == {"read": False, "reason": "no route to host."}
    assert found["hosts"]["gw1"] == {
        "read": True,
        "reason": None,
        "units": {"failed": ["apt-daily.service"], "units": {}},
    }
    assert found["read_at"] == "2027-01-15T08:00:00+00:00"


def test_bare_machines_are_shown_too() -> None:
    bare = {
        section.name: {
            host.name: [wanted.fact().default() for wanted in section.wanted(SITE, host)]
            for host in SITE.hosts
            if section.wanted(SITE, host)
        }
        for section in SECTIONS
    }
    found = Survey(SITE, NOW, bare)
    made = judged(found)
    wrong = {(section, one.host) for section, listed in all_findings(found, made).items() for one in listed}
    assert wrong >= {("postgres", "pg1"), ("redis", "redis1"), ("gateways", "gw1"), ("upkeep", "pg1")}
    assert json.loads(document.text(found, made, all_findings(found, made)))["hosts"].keys() == {
        host.name for host in SITE.hosts
    }
    assert "Postgres" in shown(found)


def test_every_value_of_a_section_can_be_written_as_json() -> None:
    found = survey("gateways", {"gw1": [GatewayState()]})
    made = judged(found)
    assert (
        json.loads(document.text(found, made, all_findings(found, made)))["hosts"]["gw1"]["gateways"]["health"] is None
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 kB"), (10 * 1024, "10 kB"), (8 << 30, "8.0 GB"), (3 << 40, "3.0 TB")],
)
def test_sizes(number: int, text: str) -> None:
    assert words.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.25, "0.2 s"), (59.7, "60 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (400_000, "5 d")],
)
def test_times(seconds: float, text: str) -> None:
    assert words.time(seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.shows_colours(Terminal())
    assert not terminal.shows_colours(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal.shows_colours(Terminal())
