"""Events and WebSockets through the whole way: events at once, and nothing is cut because it is silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import inventory, lab, websocket
from tests.client import client
from tests.scenarios.releases import authorization

SERVICE, PORT = "outsider1", 8081
SOURCE = Path("tests/scenarios/services/streams.py")
READ_TIMEOUT = 2
"""Seconds that nginx waits for an ordinary answer here."""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """The service, on a machine outside of the site, and a site whose balancer is not patient."""
    lab.ssh(
        SERVICE,
        "command -v python3 >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -yqq python3 >/dev/null\n"
        f"cat > /run/streams.py <<'EOF'\n{SOURCE.read_text()}\nEOF\n"
        f"systemd-run --collect --unit=streams python3 /run/streams.py {PORT}",
    )
    run = lab.site("--data", f"read_timeout={READ_TIMEOUT}s")
    assert run.code == 0, run.output
    yield
    lab.ssh(SERVICE, "systemctl stop streams; rm /run/streams.py")
    assert lab.site().code == 0


def is_heard(user: httpx.Client, headers: dict[str, str]) -> bool:
    """Whether the service answers; gateways that had found it away give it time first."""
    answer = user.get("/api/samples/heard", headers=headers)
    assert answer.status_code == 204, f"{answer.status_code}: {answer.text}"
    return True


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"])
def test_an_event_is_there_before_the_next_is_sent(accept: str) -> None:
    headers = authorization() | {"Accept": accept}
    with client(lab.INVENTORY) as user, client(lab.INVENTORY) as other:
        lab.eventually(lambda: is_heard(other, headers), within=120, every=1)
        with user.stream("GET", "/api/samples/events", headers=headers) as answer:
            lines = (line for line in answer.iter_lines() if line)
            assert next(lines) == "data: first"
            assert is_heard(other, headers)
            assert next(lines) == "data: second"


def test_a_websocket_that_says_nothing_lives_on() -> None:
    with websocket.opened("/api/samples/echo", authorization(), lab.INVENTORY) as tunnel:
        time.sleep(2 * READ_TIMEOUT + 1)
        tunnel.say(b"still")
        assert tunnel.heard() == b"still"


def test_every_gateway_is_there_for_them() -> None:
    """That the balancer has left out none because of the streams above."""
    with client(lab.INVENTORY) as user:
        names = {host.name for host in inventory.group("gateways", lab.INVENTORY)}
        lab.eventually(lambda: {user.get("/health").json()["hostname"] for _ in range(20)} == names, within=60)
