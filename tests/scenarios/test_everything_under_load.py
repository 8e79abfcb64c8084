"""Everything that is done to a site, one after the other, while users work: nobody is turned away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import lab, ledger, upload, websocket
from tests.inventory import group, hosts
from tests.ledger import Ledger
from tests.scenarios import postgres, releases, strangers
from tests.scenarios.releases import authorization
from tests.users import Users

pytestmark = pytest.mark.long

WRITES, READS, FOLLOWERS, TUNNELS = 100, 100, 3, 3
"""Requests a second, and users at the same time."""
FILE, TAKES, DRAIN = 1_000_000_000, 40, 50
"""Bytes of the upload, how many seconds it takes, and those that a gateway waits for it and for WebSockets."""
GOING_AWAY = 1001
"""The status of a WebSocket whose server goes down (RFC 6455, 7.4.1)."""
AN_HOUR_OLD = {"certificate_lifetime": "366d", "certificate_renewal": f"{366 * 24 - 1}h"}
"""What has certificates renewed that are an hour old."""
HOSTS = ("gw2", "redis1")
"""Machines of the lab's site, which have a service beside what they are there for."""
ROLLBACK = "deploys/rollback.py"
ENVIRONMENT = {**group("gateways", lab.INVENTORY)[0].data["gateway_environment"], "DB_POOL_MAX_SIZE": "10"}


def data(version: str = "1", **more: Any) -> list[str]:
    """What every step has of its own, and a service of the catalogue in some version."""
    source = strangers.program(version)
    # Copies of the repository have a cache of their own.
    source["file"] = str(Path(source["file"]).resolve())
    services: dict[str, Any] = dict(hosts(lab.INVENTORY)[HOSTS[0]].data["services"])
    services["template"] = {
        "source": source, "hosts": HOSTS, "port": 8093, "instances": 2, "health_timeout": 8,
    }  # fmt: skip
    values: Mapping[str, Any] = {
        "services": services, "gateway_environment": ENVIRONMENT, "gateway_all_or_nothing": True,
        "gateway_drain_timeout": DRAIN,
    } | more  # fmt: skip
    return [word for key, value in values.items() for word in ("--data", f"{key}={json.dumps(value)}")]


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    run = lab.site(*data())
    assert run.code == 0, run.output
    yield
    ledger.gone()
    assert lab.site().code == 0
    assert lab.site().changes == {}
    for name in HOSTS:
        lab.ssh(name, "rm -rf /var/lib/private/tracseq-service-template /var/lib/tracseq-service-template")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.another(tmp_path_factory.mktemp("newer"), *data())


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    different = ("README.md", "# tracseq-gateway\n", "# tracseq-gateway, the newest\n")
    return releases.another(tmp_path_factory.mktemp("newest"), *data(), changes=[different])


STEPS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "release": ("newer", {}),
    "rollback": (ROLLBACK, {}),
    "canary": ("newer", {"gateway_canary_seconds": 20}),
    "service": ("newer", {"version": "2"}),
    "balancer": ("newer", {"version": "2", "request_burst": 120}),
    "certificates": (
        "newer", {"version": "2", "request_burst": 120, **AN_HOUR_OLD},
    ),
    "blue-green": ("newest", {"version": "2", "request_burst": 120, "gateway_green_port": 8001}),
    "back to blue": (ROLLBACK, {"version": "2", "request_burst": 120, "gateway_green_port": 8001}),
}  # fmt: skip
"""By what is done: which copy of the repository does it, or the rollback, and with what data."""


@pytest.mark.parametrize("what", STEPS)
def test_nobody_is_turned_away(what: str, newer: Path, newest: Path) -> None:
    where, own = STEPS[what]
    arguments = data(**own)
    judge, readers, followers = Ledger(), Users(lab.INVENTORY), Users(lab.INVENTORY)
    with ExitStack() as stack:
        stack.enter_context(judge.writing(WRITES))
        stack.enter_context(readers.reading("/api/templates/list", READS))
        stack.enter_context(followers.following("/api/samples/ticks", "data: last", FOLLOWERS))
        tunnels = [
            stack.enter_context(websocket.opened("/api/samples/echo", authorization(), lab.INVENTORY))
            for _ in range(TUNNELS)
        ]
        sent = stack.enter_context(upload.sending("/api/samples/upload", authorization(), FILE, TAKES, lab.INVENTORY))
        judge.more(WRITES)
        if where == ROLLBACK:
            run = lab.pyinfra("-y", "--json", *arguments, lab.INVENTORY, ROLLBACK)
        else:
            run = lab.site(*arguments, directory={"newer": newer, "newest": newest}[where])
        judge.more(WRITES)
        ended = [_ended(tunnel) for tunnel in tunnels]
    print(
        f"\n{what}: {len(judge.acknowledged)} writes (longest {judge.longest:.2f} s), {readers.answered} reads "
        f"({readers.repeated} again), {followers.answered} streams of events; "
        f"{len(judge.failed)} + {len(readers.failed)} + {len(followers.failed)} failed; WebSockets {ended}"
    )
    assert run.code == 0, run.output
    assert run.changes
    assert [one for one in judge.failed if "status" in one] == []
    assert (readers.failed, followers.failed) == ([], [])
    # Where nginx takes up another configuration it ends kept connections, some with a request on the way.
    assert len(judge.failed) + readers.repeated <= ledger.WRITERS
    assert judge.lost(postgres.found().primary) == set()
    assert sent.answer == f"201 {FILE}"
    assert set(ended) <= {"goes on", f"closed with {GOING_AWAY}"}


def _ended(tunnel: websocket.WebSocket) -> str:
    """How a WebSocket fares."""
    if not tunnel.open:
        return f"closed with {tunnel.closed()}"
    tunnel.say(b"still here")
    return "goes on" if tunnel.heard() == b"still here" else "says something else"
