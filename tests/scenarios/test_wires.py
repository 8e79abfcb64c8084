"""
Every wire of the site is encrypted: a capture on the lab's bridge sees neither a token nor a row of the database.

The capture proves itself: before a site encrypts what it may leave open, the same capture sees both.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests import lab, ledger
from tests.client import client
from tests.inventory import group, hosts
from tests.ledger import PSQL, Ledger, database
from tests.scenarios import postgres
from tests.scenarios.hosts_behave import proved
from tests.tokens import token
from tests.wire import Capture, Link

pytestmark = pytest.mark.long

ENCRYPTED = "inventories/lab_encrypted.py"
RATE = 50
BALANCER = group("load_balancers", lab.INVENTORY)[0]
GATEWAYS = {host.name for host in group("gateways", lab.INVENTORY)}
DROP_IN, RELOAD = "/run/systemd/system/tracseq-gateway.service.d", "systemctl daemon-reload"
TOKEN, ROW, KEY = "the token", "the row", "the key of a revoked token"


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    yield
    ledger.gone()
    run = lab.site()
    assert run.code == 0, run.output


def marked() -> Capture:
    """A capture while a user of a token asks for something that is written down."""
    path, number = f"/api/samples/row-{secrets.token_hex(12)}", f"number-{secrets.token_hex(12)}"
    shown = token(sub="technician-1", roles=["technician"], jti=number)
    names = {address: host.name for host in hosts(lab.INVENTORY).values() for address in host.addresses}
    written = f"select count(*) from audit_event where path = '{path}'"
    capture = Capture(names, {TOKEN: shown.encode(), ROW: path.removeprefix("/api").encode(), KEY: number.encode()})
    with capture, client() as user:
        assert user.post(path, headers={"Authorization": f"Bearer {shown}"}).status_code < 500
        for server in group("postgres", lab.INVENTORY):
            ask = PSQL.format(database=database(), statement=f'"{written}"')
            lab.eventually(lambda name=server.name, ask=ask: lab.ssh(name, ask).strip() == "1")
    return capture


def passed(capture: Capture) -> set[tuple[str, str]]:
    """The kinds of ends between which anything passed."""
    kinds = {host.name: kind for kind, _ in EVERY for host in group(kind, lab.INVENTORY)}
    kinds |= {host.name: "redis" for host in group("redis", lab.INVENTORY)}
    return {(kinds.get(link.client, ""), kinds.get(link.server, "")) for link in capture.segments}


EVERY = {
    ("load_balancers", "gateways"),
    ("gateways", "redis"),
    ("gateways", "postgres"),
    ("postgres", "postgres"),
}
"""Between whom the marked request, and what came of it, passes."""


def test_without_encryption_the_capture_sees_what_a_balancer_asks_and_what_redis_is_asked() -> None:
    capture = marked()
    print(f"\n{capture.seen}")
    data = BALANCER.data
    (asked,) = capture.seen[TOKEN]
    assert asked.client == BALANCER.name
    assert asked.server in GATEWAYS
    assert asked.port == data["gateway_port"]
    assert capture.seen[ROW] == {asked}, "Postgres has it, and no wire to Postgres shows it"
    assert capture.seen[KEY] == {Link(asked.server, "redis1", data["redis_port"])}
    assert passed(capture) >= EVERY


def changed_over(inventory: str) -> None:
    """Have the site encrypt its wires, or not, while it is written to; a second run changes nothing."""
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.site(inventory=inventory)
        judge.more(RATE)
    print(f"\n{inventory}: {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed: {judge.failed}")
    assert run.code == 0, run.output
    # A reload of nginx ends kept connections, some of which have a request on the way (test_blue_green.py).
    assert not [one for one in judge.failed if "status" in one]
    assert judge.lost(postgres.found().primary) == set()
    again = lab.site(inventory=inventory)
    assert again.changes == {}, again.output


def test_a_site_that_runs_changes_over_and_no_request_fails() -> None:
    changed_over(ENCRYPTED)


def test_with_it_nothing_is_seen_on_any_wire() -> None:
    capture = marked()
    assert capture.seen == {}
    assert passed(capture) >= EVERY


def test_hosts_take_those_alone_whom_they_know() -> None:
    proved(ENCRYPTED, "gateway", "load_balancer", "redis", "ports")


def test_a_way_back_that_fails_half_way_fails_no_request() -> None:
    """A gateway that does not start without its port: load balancers ask in plain text by then."""
    refuses = "ExecStartPre=/bin/grep -q GATEWAY_TLS_PORT /etc/tracseq/gateway.env"
    name = sorted(GATEWAYS)[1]
    lab.ssh(name, f"mkdir -p {DROP_IN}; printf '[Service]\\n{refuses}\\n' > {DROP_IN}/refuses.conf; {RELOAD}")
    judge = Ledger()
    try:
        with judge.writing(RATE):
            judge.more(RATE)
            run = lab.site()
            judge.more(RATE)
    finally:
        lab.ssh(name, f"rm -r {DROP_IN}; {RELOAD}")
    assert run.code != 0
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed: {judge.failed}")
    assert not [one for one in judge.failed if "status" in one]
    assert lab.ssh(name, "systemctl is-active tracseq-gateway", check=False).strip() == "active"


def test_back_to_plain_text_no_request_fails_either() -> None:
    changed_over(lab.INVENTORY)
    left = "ls /etc/tracseq/gateway-tls/* /etc/nginx/tls/client.key 2>/dev/null; ss -Hltn 'sport = :8443'"
    for name in (BALANCER.name, *GATEWAYS):
        assert lab.ssh(name, f"{left}; true") == ""
