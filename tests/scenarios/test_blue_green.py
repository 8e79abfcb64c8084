"""A release beside the one that runs, to which all load balancers switch as one, and back within a moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploys.facts.gateway import DIRECTORY, GREEN_UNIT
from tests import lab, ledger, upload, websocket
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, releases
from tests.scenarios.killed import killed_at
from tests.scenarios.releases import authorization

pytestmark = pytest.mark.long

GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
BALANCERS = [host.name for host in group("load_balancers", lab.INVENTORY)]
BLUE_PORT, GREEN_PORT = 8000, 8001
# Twice as many gateways have twice as many connections to Postgres: each gets half of them.
ENVIRONMENT = {**group("gateways", lab.INVENTORY)[0].data["gateway_environment"], "DB_POOL_MAX_SIZE": "10"}
BESIDE = (
    *("--data", f"gateway_green_port={GREEN_PORT}"),
    *("--data", f"gateway_environment={json.dumps(ENVIRONMENT)}"),
)
ROLLBACK = "deploys/rollback.py"
SWITCH = "Load balancer | Requests go to the {} gateways"
NOTED = "Gateway, afterwards | Who gave it which release is noted"
RATE = 200
FILE, TAKES = 100_000_000, 15
"""Bytes of the upload, and how many seconds it takes."""


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    run = lab.site(*BESIDE)
    assert run.code == 0, run.output
    assert lab.site(*BESIDE).changes == {}
    yield
    ledger.gone()
    lab.site()
    assert lab.site().changes == {}
    for name in GATEWAYS:
        assert lab.ssh(name, f"systemctl list-unit-files --no-legend {GREEN_UNIT} || true") == ""
        assert lab.ssh(name, f"ss -Htln sport = :{GREEN_PORT}") == ""


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.another(tmp_path_factory.mktemp("newer"), *BESIDE)


def links(link: str) -> set[str]:
    return {lab.ssh(name, f"readlink {DIRECTORY}/{link} || true").strip() for name in GATEWAYS}


def test_all_switch_as_one_and_nobody_is_turned_away(newer: Path) -> None:
    judge, before = Ledger(), links("current")
    with ExitStack() as stack:
        stack.enter_context(judge.writing(RATE))
        tunnel = stack.enter_context(websocket.opened("/api/samples/echo", authorization(), lab.INVENTORY))
        sent = stack.enter_context(upload.sending("/api/samples/upload", authorization(), FILE, TAKES, lab.INVENTORY))
        judge.more(RATE)
        since = releases.cursor(BALANCERS[0])
        run = lab.site(*BESIDE, directory=newer)
        judge.more(RATE)
        assert run.code == 0, run.output
        assert run.changes[SWITCH.format("green")] == BALANCERS
        # The first one stays: what it has begun goes on.
        tunnel.say(b"still here")
        assert tunnel.heard() == b"still here"
    took = releases.mixed(BALANCERS[0], since, GREEN_PORT, BLUE_PORT)
    print(f"\nswitched within {took:.2f} s; {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert sent.answer == f"201 {FILE}"
    assert took < 1
    assert links("current") == before != links("green")
    assert lab.site(*BESIDE, directory=newer).changes == {}
    status = lab.pyinfra("--json", *BESIDE, lab.INVENTORY, "deploys/status.py")
    assert {status.json["hosts"][name]["gateways"]["release"] for name in GATEWAYS} == {
        link.rpartition("/")[2] for link in links("green")
    }


def test_back_is_the_switch_alone(newer: Path) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        since = releases.cursor(BALANCERS[0])
        run = lab.pyinfra("-y", "--json", *BESIDE, lab.INVENTORY, ROLLBACK)
        judge.more(RATE)
    assert run.code == 0, run.output
    assert set(run.changes) == {SWITCH.format("blue"), NOTED}, run.changes
    took = releases.mixed(BALANCERS[0], since, BLUE_PORT, GREEN_PORT)
    print(f"\nback within {took:.2f} s; {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert took < 1
    assert lab.site(*BESIDE).changes == {}


def test_killed_before_the_switch_it_is_finished_by_the_next(newer: Path) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        killed_at(SWITCH.format("green"), 0, *BESIDE, "--chdir", str(newer), lab.INVENTORY, lab.SITE)
        run = lab.site(*BESIDE, directory=newer)
        judge.more(RATE)
    assert run.code == 0, run.output
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert lab.site(*BESIDE, directory=newer).changes == {}
    # And the data's one port less: requests go to blue before green is gone.
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.site()
        judge.more(RATE)
    assert run.code == 0, run.output
    assert run.changes["Gateway, afterwards | No second gateway"] == GATEWAYS
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed: {judge.failed}")
    # The balancers' configuration changes, and nginx then ends kept connections, some of which
    # have a request on the way (it knows a setting against that from 1.27.4 on). Nobody gets an error.
    assert not [one for one in judge.failed if "status" in one]
    assert len(judge.failed) < ledger.WRITERS
    assert judge.lost(postgres.found().primary) == set()
    assert lab.site(*BESIDE).code == 0
