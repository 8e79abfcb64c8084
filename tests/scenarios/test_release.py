"""A release of the gateway under load: nobody is turned away, and what has begun has its time to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploys.facts.gateway import DIRECTORY
from tests import lab, ledger, upload, websocket
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, releases
from tests.scenarios.releases import authorization

ROLLBACK = "deploys/rollback.py"
GATEWAY = "Gateway | Gateway runs it, one host at a time"
GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
RATE = 200
DRAIN = 8
"""Seconds that a gateway may wait for what it has begun: WebSockets never end by themselves."""
FILE, TAKES = 200_000_000, 25
"""Bytes of the upload, and how many seconds it takes."""
REFUSES = "/run/systemd/system/tracseq-gateway.service.d/refuses.conf"
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
    return releases.another(tmp_path_factory.mktemp("newer"))


def release(*arguments: str, deploy: str = lab.SITE, directory: str | Path = ".") -> tuple[lab.Run, float]:
    """A run that changes the gateways, and how many seconds it took."""
    began = time.monotonic()
    run = lab.pyinfra("-y", "--json", *arguments, lab.INVENTORY, deploy, directory=directory)
    took = time.monotonic() - began
    assert run.code == 0, run.output
    assert run.changes == {GATEWAY: GATEWAYS} or deploy == lab.SITE, run.changes
    return run, took


def test_a_release_under_load_fails_nobody(newer: Path) -> None:
    judge = Ledger()
    with ExitStack() as stack:
        stack.enter_context(judge.writing(RATE))
        tunnels = [
            stack.enter_context(websocket.opened("/api/samples/echo", authorization(), lab.INVENTORY)) for _ in GATEWAYS
        ]
        sent = stack.enter_context(upload.sending("/api/samples/upload", authorization(), FILE, TAKES, lab.INVENTORY))
        judge.more(RATE)
        run, _ = release("--data", f"gateway_drain_timeout={DRAIN}", directory=newer)
        judge.more(RATE)
        codes = [tunnel.closed() for tunnel in tunnels]
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed, longest {judge.longest:.2f} s")
    print("\n".join(line for line in run.output.splitlines() if " to end (" in line or "changes now" in line))
    assert run.changes[GATEWAY] == GATEWAYS
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert sent.answer == f"201 {FILE}"
    assert codes == [GOING_AWAY] * len(GATEWAYS)
    assert "waits for requests, uploads and WebSockets to end (" in run.output
    assert lab.site(directory=newer).changes == {}


def test_a_rollback_under_load_fails_nobody_and_is_kept(newer: Path) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        _, took = release(deploy=ROLLBACK)
        judge.more(RATE)
    print(f"\nback in {took:.1f} s; {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    again = lab.pyinfra("-y", "--json", lab.INVENTORY, ROLLBACK)
    assert (again.code, again.changes) == (0, {}), again.output
    # What it went back to is the release of this repository.
    assert lab.site().changes == {}
    status = lab.pyinfra("--json", lab.INVENTORY, "deploys/status.py")
    for name in GATEWAYS:
        *_, before, last = status.json["hosts"][name]["gateways"]["history"]
        assert (last["before"], last["release"], last["back"]) == (before["release"], before["before"], True)
        journal = lab.ssh(name, "journalctl --quiet --identifier=tracseq-release --output=cat")
        assert f"gateway is back at release {last['release']}" in journal
    _, took = release("--data", f"release={before['release']}", deploy=ROLLBACK)
    assert lab.site(directory=newer).changes == {}
    print(f"and forth, by its name, in {took:.1f} s")
    assert release(deploy=lab.SITE)[0].changes[GATEWAY] == GATEWAYS


def _one_goes_back(run: lab.Run) -> lab.Run | None:
    return run if "goes back too" in run.output else None


@pytest.mark.long
def test_where_the_last_gateway_is_not_well_with_it_all_have_the_one_before(newer: Path) -> None:
    last = GATEWAYS[-1]
    current = f"readlink {DIRECTORY}/current"
    before = {name: lab.ssh(name, current) for name in GATEWAYS}
    condition = f'[ "$({current})" = {before[last].strip()} ]'
    lab.ssh(
        last,
        f"mkdir -p $(dirname {REFUSES}); cat > {REFUSES} <<'EOF'\n[Service]\nExecStartPre=sh -c '{condition}'\nEOF\n"
        "systemctl daemon-reload",
    )
    judge = Ledger()
    try:
        with judge.writing(RATE):
            judge.more(RATE)
            # Turns are in no fixed order: where it has the first, the others are left as they are.
            run = lab.eventually(lambda: _one_goes_back(lab.site(directory=newer)), within=240)
            judge.more(RATE)
    finally:
        lab.ssh(last, f"rm {REFUSES}; systemctl daemon-reload")
    assert run.code != 0
    for name in GATEWAYS[:-1]:
        goes_back = f"{name} goes back too, because {last} failed."
        assert goes_back in run.output or f"{name} was left as it is, because {last} failed before it." in run.output
    assert {name: lab.ssh(name, current) for name in GATEWAYS} == before
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert lab.site().changes == {}
    # The next good one works, and there was nothing to go back to.
    assert release(directory=newer)[0].changes[GATEWAY] == GATEWAYS
    assert release(deploy=lab.SITE)[0].changes[GATEWAY] == GATEWAYS
