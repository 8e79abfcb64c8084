"""One list of panels: what Grafana and the pages of the site get of it, and that it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from deploys.controller import passwords
from deploys.controller.dashboards import DASHBOARDS, grafana, page
from deploys.controller.dashboards.panel import Panel
from tests import metrics, rules

PAGES = Path("files/pages")


def panels() -> Iterator[Panel]:
    """Every panel."""
    for dashboard in DASHBOARDS:
        yield from dashboard.panels


def test_the_files_for_grafana_are_those_of_the_list() -> None:
    made = dict(grafana.documents())
    assert {path.name for path in grafana.DIRECTORY.iterdir()} == set(made), "run: make dashboards"
    for name, text in made.items():
        assert (grafana.DIRECTORY / name).read_text() == text, f"{name} is another: run make dashboards"


def test_grafana_is_given_each_query_with_its_own_window_and_no_source_of_its_own() -> None:
    for dashboard in DASHBOARDS:
        document = json.loads((grafana.DIRECTORY / f"{dashboard.name}.json").read_text())
        assert [panel["title"] for panel in document["panels"]] == [panel.title for panel in dashboard.panels]
        for drawn, panel in zip(document["panels"], dashboard.panels, strict=True):
            expressions = [target["expr"] for target in drawn["targets"]]
            assert expressions == [one.expression.replace("$window", "$__rate_interval") for one in panel.queries]
            assert {target["datasource"]["uid"] for target in drawn["targets"]} == {"${source}"}
        assert len({panel["id"] for panel in document["panels"]}) == len(dashboard.panels)


def test_a_panel_is_told_from_its_neighbours_and_its_series_from_each_other() -> None:
    for dashboard in DASHBOARDS:
        titles = [panel.title for panel in dashboard.panels]
        assert len(titles) == len(set(titles))
    for panel in panels():
        assert panel.queries
        assert panel.unit in grafana.UNITS
        for query in panel.queries:
            grouped = re.findall(r"\bby \(([^)]*)\)", query.expression)
            kept = {label for labels in grouped[:1] for label in labels.split(", ")} - {"le"}
            shown = set(re.findall(r"{{(\w+)}}", query.legend))
            assert shown == kept if grouped else shown or "vector(" in query.expression, panel.title


def test_rates_are_taken_over_what_fits_the_picture() -> None:
    for panel in panels():
        for query in panel.queries:
            windows = re.findall(r"\[([^]]*)\]", query.expression)
            assert set(windows) <= ({"1d"} if panel.now else {"$window"}), panel.title


def test_promtool_is_given_every_query() -> None:
    (group,) = json.loads(page.as_rules())["groups"]
    asked = [query.expression for panel in panels() for query in panel.queries]
    assert [rule["expr"] for rule in group["rules"]] == [one.replace("$window", "5m") for one in asked]
    assert len({rule["record"] for rule in group["rules"]}) == len(asked)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("rate(made_up_metric[5m]) > 0", {"made_up_metric"}),
        ('60 * sum by (method, route) (rate(one_total{service="two"}[$window]))', {"one_total"}),
        ("histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m])))", {"a_bucket"}),
        ("1e9 < one / on (instance) two offset 1d", {"one", "two"}),
        ('(sum(up{x=~"5.."}) or vector(0)) == bool 0', {"up"}),
    ],
)
def test_a_metric_is_known_by_its_name(expression: str, found: set[str]) -> None:
    assert metrics.named(expression) == found


def test_every_panel_and_every_rule_names_a_metric() -> None:
    for panel in panels():
        assert all(metrics.named(query.expression) for query in panel.queries), panel.title
    for alert, expression in rules.expressions().items():
        assert metrics.named(expression) or alert == "Watchdog", alert


def test_pages_have_nothing_that_their_policy_refuses() -> None:
    html = (PAGES / "index.html").read_text()
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?:", html)
    for script in PAGES.glob("*.js"):
        assert not re.search(r"innerHTML|\beval\b|setAttribute\(\"style|https?:", script.read_text()), script


def test_each_unit_of_a_panel_is_written_by_the_pages() -> None:
    written = (PAGES / "units.js").read_text()
    assert all(f'"{panel.unit}": ' in written for panel in panels())


def test_a_host_keeps_a_hash_of_the_password_that_stays_the_same() -> None:
    line = passwords.line("anna", "correct horse battery", "lab/mon1")
    user, hashed = line.rstrip("\n").split(":")
    assert user == "anna"
    assert bcrypt.checkpw(b"correct horse battery", hashed.encode())
    assert not bcrypt.checkpw(b"correct horse batterx", hashed.encode())
    assert line == passwords.line("anna", "correct horse battery", "lab/mon1")
    assert line != passwords.line("anna", "correct horse battery", "lab/mon2")
