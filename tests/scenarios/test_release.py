"""A release of the gateway under load: nobody is turned away, and what has begun has its time to end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import lab, ledger, upload, websocket
from tests.copy import Copy
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.tokens import token

RATE = 200
DRAIN = 8
"""Seconds that a gateway may wait for what it has begun: WebSockets never end by themselves."""
FILE, TAKES = 200_000_000, 25
"""Bytes of the upload, and how many seconds it takes."""
GOING_AWAY = 1001
"""The status of a WebSocket whose server goes down (RFC 6455, 7.4.1)."""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    yield
    ledger.gone()


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository whose gateway is another release, with its wheels built."""
    copy = Copy(tmp_path_factory.mktemp("newer"), "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    readme = copy.own("gateway") / "README.md"
    readme.write_text(f"{readme.read_text()}\nOf the next release.\n")
    planned = lab.pyinfra("--dry", "--json", lab.INVENTORY, lab.SITE, directory=copy.directory)
    assert planned.code == 0, planned.output
    return copy.directory


def authorization() -> dict[str, str]:
    return {"Authorization": f"Bearer {token(sub='technician-1', roles=['technician'])}"}


def changed(*arguments: str, directory: str | Path = ".") -> lab.Run:
    run = lab.site("--data", f"gateway_drain_timeout={DRAIN}", *arguments, directory=directory)
    assert run.code == 0, run.output
    return run


def test_a_release_under_load_fails_nobody(newer: Path) -> None:
    gateways = [host.name for host in group("gateways", lab.INVENTORY)]
    judge = Ledger()
    with ExitStack() as stack:
        stack.enter_context(judge.writing(RATE))
        tunnels = [
            stack.enter_context(websocket.opened("/api/samples/echo", authorization(), lab.INVENTORY)) for _ in gateways
        ]
        sent = stack.enter_context(upload.sending("/api/samples/upload", authorization(), FILE, TAKES, lab.INVENTORY))
        judge.more(RATE)
        run = changed(directory=newer)
        judge.more(RATE)
        codes = [tunnel.closed() for tunnel in tunnels]
    assert run.changes["Gateway | Gateway runs it, one host at a time"] == gateways
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed, longest {judge.longest:.2f} s")
    print("\n".join(line for line in run.output.splitlines() if "waits for" in line))
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert sent.answer == f"201 {FILE}"
    assert codes == [GOING_AWAY] * len(gateways)
    for name in gateways:
        assert f"[{name}]" in run.output and "WebSockets and uploads" in run.output
    assert lab.site(directory=newer).changes == {}
