"""The criteria of a phase: what is read, and what is said of it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from deploys.controller.phases import criteria
from deploys.controller.status.section import Survey
from deploys.facts.phase import Answers, Tokens, Unmeasured
from deploys.settings.phases import NAMES
from tests.unit.status.pretended import SITE


def test_what_a_balancer_answers() -> None:
    assert Answers().process(["health 200", "token 401"]) == {"health": True, "token": True}
    assert Answers().process(["health 502", "token 200"]) == {"health": False, "token": False}
    assert Answers().process(["health ", "token "]) == {"health": False, "token": False}


def test_what_a_gateway_does_with_tokens() -> None:
    said = json.dumps({"requests": {"status": "up", "answer": 401}, "sample": {"status": "down", "answer": 502}})
    assert Tokens().process([said]) == {"requests": True, "sample": False}


def test_what_is_not_measured() -> None:
    targets = [
        {"scrapeUrl": "https://pg1:9998/a", "health": "down"},
        {"scrapeUrl": "https://pg1:9998/b", "health": "up"},
    ]
    assert Unmeasured().process([json.dumps({"data": {"activeTargets": targets}})]) == ("https://pg1:9998/a",)
    assert Unmeasured().default() is None


@pytest.mark.parametrize("phase", NAMES)
def test_a_phase_has_the_criteria_of_those_before_it(phase: int) -> None:
    names = [{section.name for section in criteria.of(one)} for one in range(1, phase + 1)]
    assert all(before <= after for before, after in pairwise(names))


def test_what_is_wrong_names_the_host_and_what_to_do() -> None:
    sections = {section.name: section for section in criteria.of(3)}
    survey = Survey(
        SITE,
        0.0,
        {
            "answers": {"lb1": [{"health": False, "token": True}]},
            "tokens": {"gw1": [{"requests": True, "sample": False}], "gw2": [{"requests": False}]},
            "measured": {"mon1": [None], "mon2": [("https://pg1:9998/a",)], "mon3": [()]},
        },
    )
    found = [one for name in survey.readings for one in sections[name].judged(survey).findings]
    assert all(one.wrong and one.do for one in found)
    assert [(one.host, one.what) for one in found] == [
        ("lb1", f"The load balancer does not answer https://{SITE.shared.domain}/health with 200."),
        ("gw1", "A request with a token is not answered by the service sample."),
        ("gw2", "The gateway takes a request without a token."),
        ("mon1", "Prometheus does not answer."),
        ("mon2", "Prometheus has no answer of https://pg1:9998/a."),
    ]
