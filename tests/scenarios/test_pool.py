"""A pool in front of each Postgres server, by one value of the data: who gets in, and that it follows the primary."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import pytest
from dotenv import dotenv_values

from tests import lab, ledger
from tests.inventory import Host, group
from tests.ledger import SERVICE, Ledger
from tests.scenarios.postgres import Pair, ask, found

FAILOVER, STATUS = "deploys/failover.py", "deploys/status.py"
PORT = 6432
POOL = ("--data", f"postgres_pool_port={PORT}")
RATE = 200
WATCH = "tracseq-test-watch"
CLIENTS = 60
DATA = group("postgres", lab.INVENTORY)[0].data
USER, DATABASE = DATA["postgres_user"], DATA["postgres_database"]
ADDRESSES = {host.name: host.data["address"] for host in group("postgres", lab.INVENTORY)}
MANY = f"""
import os, psycopg2
many = [psycopg2.connect(os.environ["CONNECTION"]) for _ in range({CLIENTS})]
served = set()
for one in many:
    one.autocommit = True
    cursor = one.cursor()
    cursor.execute("select pg_backend_pid(), client_addr is null from pg_stat_activity where pid = pg_backend_pid()")
    served.add(cursor.fetchone())
print(len(many), len(served), all(by_socket for _, by_socket in served))
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    before = found()
    made = lab.site(*POOL)
    assert made.code == 0, made.output
    assert "waits for a restart" not in made.output
    ledger.serve(before.primary, PORT)
    lab.eventually(ledger.answers, within=120, every=1)
    yield before
    ledger.gone()
    if found() != before:
        failover(before.primary)
    gone = lab.site()
    assert gone.code == 0, gone.output
    assert lab.site().changes == {}
    for name in ADDRESSES:
        assert lab.ssh(name, "systemctl is-enabled pgbouncer.service", check=False).strip() == "disabled"


def failover(target: str) -> None:
    run = lab.pyinfra("-y", *POOL, "--data", f"to={target}", lab.INVENTORY, FAILOVER)
    assert run.code == 0, run.output


def secret(name: str) -> str:
    return dotenv_values(".env.lab", interpolate=False)[name] or ""


def connected(server: str, user: str, password: str, tls: str = "verify-full", script: str = "") -> str:
    """What somebody gets who connects to a host's pool, from outside of the site."""
    connection = (
        f"host={ADDRESSES[server]} port={PORT} user={user} dbname={DATABASE} sslmode={tls} connect_timeout=10"
        " sslrootcert=/run/ledger.crt"
    )
    query = 'import os, psycopg2\npsycopg2.connect(os.environ["CONNECTION"])\nprint("connected")\n'
    return lab.ssh(
        SERVICE,
        f"export PGPASSWORD={shlex.quote(password)} CONNECTION={shlex.quote(connection)}\n"
        f"python3 - <<'EOF' 2>&1 || true\n{script or query}EOF\n",
    ).strip()


def test_the_platform_gets_in_over_tls_and_nobody_else(pair: Pair) -> None:
    assert connected(pair.primary, USER, secret("POSTGRES_PASSWORD")) == "connected"
    assert "SASL authentication failed" in connected(pair.primary, USER, "wrong")
    assert "SSL required" in connected(pair.primary, USER, secret("POSTGRES_PASSWORD"), tls="disable")
    assert "no such user" in connected(pair.primary, "monitoring", secret("POSTGRES_MONITORING_PASSWORD"))
    assert "login rejected" in connected(pair.primary, "pgbouncer", "")
    # From an address that is no client's: the host itself.
    own = f"host=127.0.0.1 port={PORT} user={USER} dbname={DATABASE} sslmode=require"
    refused = lab.ssh(
        pair.primary,
        f"export PGPASSWORD={shlex.quote(secret('POSTGRES_PASSWORD'))}\n"
        f"cd /; psql -XAtq --dbname={shlex.quote(own)} --command='select 1' 2>&1 || true",
    )
    assert "login rejected" in refused


def test_nobody_listens_before_a_replica(pair: Pair) -> None:
    assert "Connection refused" in connected(pair.replica, USER, secret("POSTGRES_PASSWORD"))


def test_many_clients_have_few_connections(pair: Pair) -> None:
    clients, served, by_socket = connected(pair.primary, USER, secret("POSTGRES_PASSWORD"), script=MANY).split()
    assert (int(clients), by_socket) == (CLIENTS, "True")
    assert int(served) < CLIENTS // 2


def test_the_pool_may_read_one_verifier_and_nothing_else(pair: Pair) -> None:
    as_pool = f"runuser -u pgbouncer -- psql -XAtq --dbname={DATABASE} 2>&1 --command"
    asked = {
        query: lab.ssh(pair.primary, f"cd /; {as_pool}={shlex.quote(query)} || true").strip()
        for query in (
            f"select left(verifier, 14) from pool.verifier('{USER}')",
            "select count(*) from pool.verifier('replicator')",
            "select count(*) from pg_authid",
            "select count(*) from audit_event",
        )
    }
    first, others, table, events = asked.values()
    assert (first, others) == ("SCRAM-SHA-256$", "0")
    assert "permission denied" in table
    assert "permission denied" in events


def test_its_unit_sees_little_of_the_host(pair: Pair) -> None:
    said = lab.ssh(pair.primary, "systemd-analyze security --no-pager pgbouncer.service | tail -n 1")
    assert float(said.split(":")[1].split()[0]) < 3, said


def test_a_failover_under_it_loses_nothing_and_gateways_follow(pair: Pair) -> None:
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        failover(pair.replica)
        judge.more(RATE)
    assert judge.lost(pair.replica) == set()
    lab.eventually(lambda: gateways_come_through(pair.replica), within=60)
    print(f"\nthrough the pool: {len(judge.acknowledged)} writes, none lost; the longest waited {judge.longest:.1f} s")
    status = lab.pyinfra("--json", *POOL, "--data", "maximum_disk_use=99.5", lab.INVENTORY, STATUS)
    assert status.code == 0, status.output
    pools = {name: status.json["hosts"][name]["pool"] for name in ADDRESSES}
    assert (pools[pair.replica]["serves"], pools[pair.primary]["serves"]) == (True, False)
    assert lab.site(*POOL).changes == {}


def test_it_goes_last_and_no_gateway_misses_its_database(pair: Pair) -> None:
    for gateway in group("gateways", lab.INVENTORY):
        lab.ssh(gateway.name, f"systemd-run --quiet --collect --unit={WATCH} sh -c '{asked_again_and_again(gateway)}'")
    run = lab.site()
    assert run.code == 0, run.output
    changes = list(run.changes)
    assert changes.index("Gateway | Gateway runs it, one host at a time") < changes.index("Pool | Pool is gone")
    for gateway in group("gateways", lab.INVENTORY):
        lines = lab.ssh(gateway.name, f"systemctl stop {WATCH}; cat /run/{WATCH}").splitlines()
        said = [json.loads(line)["database"]["status"] for line in lines if line.startswith("{")]
        # One that has just restarted has none for a moment.
        assert said[-1] == "up"
        without = "".join("x" if one == "down" else " " for one in said).split()
        print(f"\n{gateway.name}: without its database for {[len(one) for one in without]} of {len(said)} looks")
        assert len(without) <= 1
    assert "pool" not in lab.pyinfra("--json", lab.INVENTORY, STATUS).json["hosts"][pair.primary]


def asked_again_and_again(gateway: Host) -> str:
    """Shell that writes down what a gateway says of itself, five times a second."""
    ask_it = f"curl -sS -m 5 http://127.0.0.1:{gateway.data['gateway_port']}/health/detailed"
    return f"while sleep 0.2; do {ask_it}; echo; done >/run/{WATCH} 2>/dev/null"


def gateways_come_through(primary: str) -> bool:
    """Whether every gateway is well, and is a client of the primary's pool."""
    for gateway in group("gateways", lab.INVENTORY):
        ask_it = f"curl -sS -m 10 http://127.0.0.1:{gateway.data['gateway_port']}/health/detailed"
        if json.loads(lab.ssh(gateway.name, ask_it))["database"]["status"] != "up":
            return False
    said = lab.ssh(
        primary,
        f"cd /; runuser -u pgbouncer -- psql -XAtq --host=/run/pgbouncer --port={PORT} --dbname=pgbouncer"
        " --command='show clients'",
    )
    directly = ask(primary, "select count(*) from pg_stat_activity where client_addr is not null and usename = "
                            f"'{USER}'")  # fmt: skip
    return directly == "0" and all(
        any(address in said for address in gateway.addresses) for gateway in group("gateways", lab.INVENTORY)
    )
