"""How long a release, the way back and a switch between two gateways per host take; nothing here fails for its time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lab, ledger
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, releases

pytestmark = pytest.mark.long

ROLLBACK = "deploys/rollback.py"
[BALANCER, *_] = [host.name for host in group("load_balancers", lab.INVENTORY)]
BLUE_PORT, GREEN_PORT = 8000, 8001
# Twice as many gateways have twice as many connections to Postgres: each gets half of them.
ENVIRONMENT = {**group("gateways", lab.INVENTORY)[0].data["gateway_environment"], "DB_POOL_MAX_SIZE": "10"}
BESIDE = (
    *("--data", f"gateway_green_port={GREEN_PORT}"),
    *("--data", f"gateway_environment={json.dumps(ENVIRONMENT)}"),
)
TIMINGS = ("--data", "timings=true")
RATE = 100


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    yield
    ledger.gone()
    assert lab.site().code == 0
    assert lab.site().changes == {}


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release whose wheels are built."""
    return releases.another(tmp_path_factory.mktemp("newer"), *BESIDE)


def timed(*arguments: str, deploy: str = lab.SITE, directory: str | Path = ".") -> tuple[lab.Run, float]:
    began = time.monotonic()
    run = lab.pyinfra("-y", *TIMINGS, *arguments, lab.INVENTORY, deploy, directory=directory)
    took = time.monotonic() - began
    assert run.code == 0, run.output
    print("\n".join(line for line in run.output.splitlines() if "Gateway" in line and line.lstrip()[:1].isdigit()))
    return run, took


def test_a_small_release_and_back(newer: Path) -> None:
    _, unchanged = timed()
    _, forth = timed(directory=newer)
    _, back = timed(deploy=ROLLBACK)
    assert lab.site().changes == {}
    print(f"\na run without a change {unchanged:.1f} s, a release to three gateways {forth:.1f} s, back {back:.1f} s")


def test_a_switch_between_two_gateways_per_host(newer: Path) -> None:
    assert lab.site(*BESIDE).code == 0
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        since = releases.cursor(BALANCER)
        _, beside = timed(*BESIDE, directory=newer)
        judge.more(RATE)
        switched = releases.mixed(BALANCER, since, GREEN_PORT, BLUE_PORT)
        since = releases.cursor(BALANCER)
        _, back = timed(*BESIDE, deploy=ROLLBACK)
        judge.more(RATE)
        returned = releases.mixed(BALANCER, since, BLUE_PORT, GREEN_PORT)
    assert judge.failed == []
    print(f"\nbeside: {beside:.1f} s, of which users saw {switched:.2f} s; back: {back:.1f} s, {returned:.2f} s")
