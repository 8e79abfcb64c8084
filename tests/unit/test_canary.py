"""A first gateway is compared with the others by what all of them answered meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.facts.traffic import Traffic, parsed
from deploys.operations import canary as canaries
from deploys.operations.canary import Canary, fails_more, figures, is_slower, tried

CANARY = Canary("gw1", ("gw2", "gw3"), "http://127.0.0.1:8000/metrics", seconds=1)
METRICS = """\
http_requests_total{method="GET",service="samples",status="200"} 90.0
http_requests_total{method="POST",service="samples",status="503"} 6.0
http_requests_total{method="GET",service="",status="404"} 4.0
http_request_duration_seconds_bucket{le="0.01",service="samples"} 40.0
http_request_duration_seconds_bucket{le="0.1",service="samples"} 90.0
http_request_duration_seconds_bucket{le="+Inf",service="samples"} 96.0
http_request_duration_seconds_bucket{le="0.01",service=""} 4.0
http_request_duration_seconds_bucket{le="0.1",service=""} 4.0
http_request_duration_seconds_bucket{le="+Inf",service=""} 4.0
http_request_duration_seconds_sum{service="samples"} 3.2
"""
FAST = {0.01: 1000, 0.1: 1000, 1.0: 1000, float("inf"): 1000}
SLOW = {0.01: 0, 0.1: 0, 1.0: 100, float("inf"): 100}


def test_metrics_are_read_over_all_services() -> None:
    found = parsed(METRICS.splitlines())
    assert found == Traffic(100, 6, {0.01: 44, 0.1: 94, float("inf"): 100})
    assert found.failing == pytest.approx(0.06)


def test_what_came_meanwhile_and_of_two_gateways() -> None:
    then, now = Traffic(10, 1, {0.1: 9, 1.0: 10}), Traffic(30, 4, {0.1: 20, 1.0: 30})
    assert now.since(then) == Traffic(20, 3, {0.1: 11, 1.0: 20})
    assert then.with_(now) == Traffic(40, 5, {0.1: 29, 1.0: 40})


@pytest.mark.parametrize(
    ("share", "seconds"),
    # By promtool 2.42's histogram_quantile() of the same buckets.
    [(0.5, 0.0208), (0.9, 0.0928), (0.44, 0.01), (0.22, 0.005), (0.99, 0.1)],
)
def test_a_quantile_is_that_of_prometheus(share: float, seconds: float) -> None:
    assert parsed(METRICS.splitlines()).quantile(share) == pytest.approx(seconds)
    assert Traffic().quantile(share) == 0


@pytest.mark.parametrize(
    ("own", "others", "worse"),
    [
        (Traffic(100, 0, FAST), Traffic(1000, 0, FAST), False),
        (Traffic(100, 3, FAST), Traffic(1000, 0, FAST), True),
        (Traffic(100, 2, FAST), Traffic(1000, 0, FAST), False),  # by chance, perhaps
        (Traffic(100, 9, FAST), Traffic(1000, 90, FAST), False),  # a service is away, for all of them
        (Traffic(19, 19, FAST), Traffic(1000, 0, FAST), False),  # too few
        (Traffic(100, 0, SLOW), Traffic(1000, 0, FAST), True),
        (Traffic(100, 0, SLOW), Traffic(1000, 0, SLOW), False),
        (Traffic(100, 0, SLOW), Traffic(5, 0, FAST), False),  # nobody to compare it with
        (
            Traffic(20, 0, {0.01: 18, 1.0: 20, float("inf"): 20}),
            Traffic(1000, 0, FAST),
            False,
        ),  # two uploads among twenty are no slow gateway
        # least_conn sends a slow one fewer requests: too few for the slowest of them, and enough for half of them.
        (Traffic(95, 0, {0.1: 0, 0.5: 94, 1.0: 95, float("inf"): 95}), Traffic(1000, 0, FAST), True),
        (Traffic(95, 0, {0.01: 60, 0.5: 94, 1.0: 95, float("inf"): 95}), Traffic(1000, 0, FAST), False),
        (Traffic(19, 0, {0.1: 0, 0.5: 19, float("inf"): 19}), Traffic(1000, 0, FAST), False),
    ],
)
def test_who_is_worse(own: Traffic, others: Traffic, worse: bool) -> None:
    assert (fails_more(own, others) or is_slower(own, others)) is worse


def test_the_figures_are_said() -> None:
    assert figures(Traffic(100, 3, SLOW), Traffic(1000, 0, FAST)) == (
        "of its 100 requests 3.0% failed, of the others' 1000 0.0%; 95 % took at most 955 ms, the others' 10 ms."
    )
    assert figures(Traffic(3), Traffic()) == "3 requests came to it, too few to say anything of it."


def test_it_ends_as_soon_as_it_is_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    failed = 0

    def answers(target: str, command: object, within: int) -> list[str]:
        nonlocal failed
        asked.append(target)
        if target == "gw1":
            failed += 30
            return [f'http_requests_total{{method="GET",service="samples",status="500"}} {failed}']
        return ['http_requests_total{method="GET",service="samples",status="200"} 1000']

    monkeypatch.setattr(elsewhere, "done", answers)
    monkeypatch.setattr(canaries, "LOOK", 0.01)
    with pytest.raises(OperationError, match="gw1 does worse with it than the others do: of its 30 requests 100"):
        tried(replace(CANARY, seconds=60))
    assert asked == ["gw1", "gw2", "gw3"] * 2


def test_it_ends_well_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "done", lambda target, command, within: METRICS.splitlines())
    tried(CANARY)


def test_one_that_restarts_or_says_nothing_has_not_done_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "LOOK", 0.01)
    counts = iter([40, 60, 3])

    def restarts(target: str, command: object, within: int) -> list[str]:
        count = next(counts) if target == "gw1" else 1000
        return [f'http_requests_total{{method="GET",service="samples",status="200"}} {count}']

    monkeypatch.setattr(elsewhere, "done", restarts)
    with pytest.raises(OperationError, match="gw1 has restarted by itself while it was tried"):
        tried(replace(CANARY, seconds=60))
    monkeypatch.setattr(elsewhere, "done", lambda target, command, within: [])
    with pytest.raises(OperationError, match="gw1 does not answer what it is asked"):
        tried(CANARY)


def test_another_that_is_away_is_left_out_of_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(target: str, command: object, within: int) -> list[str]:
        if target == "gw3":
            raise ElsewhereError("gw3 is not reached")
        return METRICS.splitlines()

    monkeypatch.setattr(elsewhere, "done", away)
    tried(CANARY)
