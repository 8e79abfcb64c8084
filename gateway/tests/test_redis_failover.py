"""Three Redis servers with Sentinels: whatever happens to the master, requests are answered and limits hold again."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess
from support.processes import wait_until
from support.sentinels import MASTER, PASSWORD, ReplicatedRedis
from support.tokens import make_token

WITHIN = 15.0
"""Seconds within which gateways share limits again, once the master is gone: some 3, and more on a busy machine."""


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[ReplicatedRedis]:
    """Servers of the test's own: it does something to the master."""
    with ReplicatedRedis(tmp_path) as servers:
        yield servers


@pytest.fixture
def gateway(start_gateway: StartGateway, start_upstream: StartUpstream, replicated: ReplicatedRedis) -> GatewayProcess:
    """A gateway that asks Redis for each request."""
    return start_gateway(
        SAMPLE_SERVICE_URL=start_upstream().url,
        REDIS_SENTINELS=replicated.sentinels,
        REDIS_MASTER=MASTER,
        REDIS_PASSWORD=PASSWORD,
        RATE_LIMIT_REQUESTS=20,
        RATE_LIMIT_WINDOW=60,
        JWT_REVOCATION_CACHE=0.01,
    )


class Asked:
    """Requests that go on beside a test."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.longest = 0.0
        self.many = 0


@contextmanager
def asking(gateway: GatewayProcess) -> Iterator[Asked]:
    """Ask for something every few milliseconds while the block runs, each time as another user."""
    asked, ended = Asked(), Event()

    def ask() -> None:
        for number in itertools.count():
            if ended.is_set():
                return
            headers = {"Authorization": f"Bearer {make_token(sub=f'user-{number}', jti=f'token-{number}')}"}
            began = time.monotonic()
            answer = web.get(f"{gateway.url}/api/samples/7", headers=headers)
            asked.longest = max(asked.longest, time.monotonic() - began)
            asked.many += 1
            if answer.status_code != 200:
                asked.failed.append(f"{answer.status_code}: {answer.text}")
            time.sleep(0.01)

    thread = Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        ended.set()
        thread.join()


def counted(replicated: ReplicatedRedis) -> int:
    """How many callers the master has counts of; 0 where there is no master."""
    try:
        return sum(1 for _ in replicated.client(replicated.master()).scan_iter("tracseq:limit:*", count=1000))
    except OSError:
        return 0


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_it_follows_to_the_new_master_without_a_failed_request(
    how: str,
    gateway: GatewayProcess,
    replicated: ReplicatedRedis,
    record_property: Callable[[str, object], None],
) -> None:
    old = replicated.master()
    happens: Callable[[int], None] = {"kill": replicated.kill, "freeze": replicated.freeze}[how]
    with asking(gateway) as asked:
        wait_until(lambda: counted(replicated) > 0, "A count in Redis")
        began = time.monotonic()
        happens(old)
        wait_until(lambda: replicated.master() != old, "The failover")
        named = time.monotonic() - began
        known = counted(replicated)
        wait_until(lambda: counted(replicated) > known, "A count at the new master")
        took = time.monotonic() - began
        back = {"kill": replicated.start, "freeze": replicated.thaw}[how]
        back(old)
        wait_until(lambda: replicated.client(old).role()[0] in ("slave", b"slave"), "The old master's return", 30)
        known = counted(replicated)
        wait_until(lambda: counted(replicated) > known, "A count after its return")
    record_property("failover", f"{named:.1f} s, counted at the new master after {took:.1f} s")
    record_property("requests", f"{asked.many}, the longest took {asked.longest:.2f} s")
    assert asked.failed == []
    assert took < WITHIN


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_sentinel_that_is_gone_holds_up_nobody(
    how: str,
    gateway: GatewayProcess,
    replicated: ReplicatedRedis,
    record_property: Callable[[str, object], None],
) -> None:
    first = replicated.sentinel_ports[0]
    {"killed": replicated.kill_sentinel, "frozen": replicated.freeze_sentinel}[how](first)
    old = replicated.master() if how == "killed" else replicated.ports[0]
    with asking(gateway) as asked:
        wait_until(lambda: asked.many > 20, "Requests")
        began = time.monotonic()
        replicated.kill(old)
        others = [port for port in replicated.ports if port != old]
        wait_until(lambda: any(_counts(replicated, port) for port in others), "A count at the new master")
        took = time.monotonic() - began
    record_property("counted at the new master", f"after {took:.1f} s")
    record_property("requests", f"{asked.many}, the longest took {asked.longest:.2f} s")
    assert asked.failed == []


def _counts(replicated: ReplicatedRedis, port: int) -> bool:
    """Whether a server is the master, and is told of requests."""
    client = replicated.client(port)
    if client.role()[0] not in ("master", b"master"):
        return False
    known = client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
    time.sleep(0.2)
    return bool(client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0) > known)


def test_one_sentinel_alone_is_not_believed(start_gateway: StartGateway, replicated: ReplicatedRedis) -> None:
    for port in replicated.sentinel_ports[1:]:
        replicated.kill_sentinel(port)
    gateway = start_gateway(REDIS_SENTINELS=replicated.sentinels, REDIS_MASTER=MASTER, REDIS_PASSWORD=PASSWORD)
    assert web.get(f"{gateway.url}/health/detailed").json()["redis"]["status"] == "down"


def test_a_url_and_sentinels_are_refused_together(start_gateway: StartGateway, tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path, REDIS_URL="redis://127.0.0.1:1", REDIS_SENTINELS="127.0.0.1:26379")
    assert gateway.process.wait(20) != 0
    assert "names one server; keep only one of them" in gateway.errors.read_text()
