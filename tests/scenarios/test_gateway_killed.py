"""A gateway that dies, and gateways that change, under load: no request is lost."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import lab
from tests.client import base, context

USERS = 20
RATE = 100
"""Requests a second of all users together: bounded, and enough to be in flight at every moment."""


class Load:
    """Users who ask all the time, and what they were answered."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.gateways: Counter[str] = Counter()
        self._end = threading.Event()

    async def _user(self, client: httpx.AsyncClient) -> None:
        while not self._end.is_set():
            try:
                answer = await client.get("/health")
                self.answers[str(answer.status_code)] += 1
                self.gateways[answer.json().get("hostname", "none")] += 1
            except httpx.HTTPError as error:
                self.answers[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(USERS / RATE)

    async def _users(self) -> None:
        url, headers = base(lab.INVENTORY)
        async with httpx.AsyncClient(
            base_url=url, headers=headers, verify=context(lab.INVENTORY), timeout=20
        ) as client:
            await asyncio.gather(*(self._user(client) for _ in range(USERS)))

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._users()))
        thread.start()
        try:
            lab.eventually(lambda: sum(self.answers.values()) > RATE)
            yield
        finally:
            self._end.set()
            thread.join(timeout=60)


def test_a_gateway_that_is_killed_loses_no_request() -> None:
    load = Load()
    with load.running():
        for name in ("gw1", "gw2"):
            seen = load.gateways[name]
            lab.ssh(name, "kill -9 $(systemctl show --property=MainPID --value tracseq-gateway.service)")
            # It serves again, and only then is the next one killed.
            lab.eventually(lambda name=name, seen=seen: load.gateways[name] > seen + 20, within=60)
    print(f"\ntwo gateways killed, one after the other: {dict(load.answers)}")
    assert set(load.answers) == {"200"}, load.answers


def test_a_machine_that_vanishes_loses_no_request() -> None:
    load = Load()
    with load.running():
        lab.pull_the_plug("gw3")
        total = sum(load.answers.values())
        lab.eventually(lambda: sum(load.answers.values()) > total + 5 * RATE, within=60)
    lab.up("gw3")
    print(f"\na gateway's machine vanished: {dict(load.answers)}")
    assert set(load.answers) == {"200"}, load.answers


def test_a_change_of_all_gateways_loses_no_request(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text('gateway_memory = "900MB"\n')
    load = Load()
    with load.running():
        # nginx leaves out for a while a gateway that vanished a moment ago.
        lab.eventually(lambda: set(load.gateways) == {"gw1", "gw2", "gw3"}, within=60)
        run = lab.site("--group-data", str(tmp_path))
        assert run.code == 0, run.output
        assert run.changes == {"Gateway | Gateway runs it, one host at a time": ["gw1", "gw2", "gw3"]}
        assert lab.site().code == 0
    assert set(load.answers) == {"200"}, load.answers


def test_what_the_gateway_refuses_never_reaches_a_gateway(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text('gateway_environment = {"JWT_ALGORITHM": "none"}\n')
    run = lab.site("--group-data", str(tmp_path))
    assert run.code != 0
    assert "JWT_ALGORITHM" in run.output, "the error is the gateway's own"
    for name in ("gw1", "gw2", "gw3"):
        environment = lab.ssh(name, "cat /etc/tracseq/gateway.env")
        assert '"none"' not in environment, "a configuration that the gateway refuses is never in place"
        assert lab.ssh(name, "systemctl is-active tracseq-gateway").strip() == "active"
    assert lab.site().changes == {}


def test_the_run_stops_at_the_first_gateway_that_is_not_well(tmp_path: Path) -> None:
    # A valid configuration, and a gateway that cannot start with it: its sandbox has no such file to write.
    (tmp_path / "lab.py").write_text(
        'gateway_environment = {"JWT_ALGORITHM": "HS256", "GATEWAY_STATE_DIRECTORY": "/etc/gateway"}\n'
    )
    load = Load()
    with load.running():
        run = lab.site("--group-data", str(tmp_path))
        total = sum(load.answers.values())
        lab.eventually(lambda: sum(load.answers.values()) > total + RATE)
    assert run.code != 0
    assert "GATEWAY_STATE_DIRECTORY names /etc/gateway, which cannot be written" in run.output, (
        "the error is the gateway's own"
    )
    assert "What was there before is in force again." in run.output
    assert "was left as it is, because" in run.output, "no gateway after the first that is not well"
    for name in ("gw1", "gw2", "gw3"):
        assert "/etc/gateway" not in lab.ssh(name, "cat /etc/tracseq/gateway.env")
        assert lab.ssh(name, "systemctl is-active tracseq-gateway").strip() == "active"
    assert set(load.answers) == {"200"}, load.answers
    assert lab.site().changes == {}


def test_a_gateway_that_lives_but_does_not_reach_its_database_is_put_back(tmp_path: Path) -> None:
    # It starts, and answers /health: only readiness tells that nothing it needs is there.
    (tmp_path / "lab.py").write_text(
        'gateway_environment = {"DATABASE_URL": "postgresql://nobody@192.0.2.1/nothing"}\ngateway_health_timeout = 6\n'
    )
    load = Load()
    with load.running():
        run = lab.site("--group-data", str(tmp_path))
    assert run.code != 0
    assert "not up with the change: database." in run.output
    assert "What was there before is in force again." in run.output
    assert "was left as it is, because" in run.output
    for name in ("gw1", "gw2", "gw3"):
        assert "192.0.2.1" not in lab.ssh(name, "cat /etc/tracseq/gateway.env")
    assert set(load.answers) == {"200"}, load.answers
    assert lab.site().changes == {}
