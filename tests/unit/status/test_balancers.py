"""Gateways that are left out belong to a run; where there is none, somebody must know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploys.controller.status.balancers import judged
from deploys.facts.balancer import CANARY, DRAINED, Marks, MarksState
from deploys.facts.run_lock import Holder, LockState
from tests.unit.status.pretended import said, survey

LEFT_OUT = MarksState(drained=("gw1",), canary=("gw2",))
SENTENCES = [
    ("lb1", "It sends nothing to gw1, as while a run changes a gateway."),
    ("lb1", "It sends a small share to gw2, as while a run changes a gateway."),
]


def test_marks_are_told_apart_by_their_directory() -> None:
    assert Marks().process([f"{DRAINED}/gw1", f"{CANARY}/gw2"]) == LEFT_OUT
    assert Marks().process([]) == MarksState()


def test_every_gateway_has_its_share() -> None:
    assert judged(survey("balancers", {"lb1": [MarksState()]})).findings == []


@pytest.mark.parametrize(("silence", "wrong"), [(1, False), (60, True), (None, True)])
def test_who_is_left_out_without_a_run_that_lives_is_wrong(silence: float | None, wrong: bool) -> None:
    holder = Holder("anna@desk-7", "2026-01-31 03:30:00 UTC", "10.0.0.1", "deploys/site.py", silence or 0)
    lock = LockState(holder=None if silence is None else holder)
    read = survey("balancers", {"lb1": [LEFT_OUT]})
    found = judged(replace(read, readings={**read.readings, "lock": {"lb1": [lock]}}))
    assert said(found, wrong=wrong) == SENTENCES
    assert said(found, wrong=not wrong) == []


def test_under_a_limit_nobody_knows_who_is_at_work() -> None:
    read = survey("balancers", {"lb1": [LEFT_OUT]}, left_out=frozenset({"gw1"}))
    assert said(judged(read)) == []
    assert said(judged(read), wrong=False) == SENTENCES
