"""Postgres: one primary, replicas that follow it, and nobody in without TLS and the right password."""

from __future__ import annotations

import shlex
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from testinfra.host import Host

from deploys.controller import patroni
from deploys.facts.postgres.state import slot_name
from deploys.settings import declarations, secrets
from tests import inventory
from tests.lab import eventually, ssh

testinfra_hosts = inventory.hosts_of("postgres")

NAMES = [host.name for host in inventory.group("postgres")]
AUTHORITY = "/etc/tracseq/postgres/authority.crt"
BY_PATRONI = inventory.group("postgres")[0].data["postgres_failover"] == "patroni"
"""Patroni starts the servers, with settings of its own, and gives its members slots of its own."""


def ask(name: str, query: str, database: str = "postgres") -> str:
    """What a server answers to its superuser."""
    port = inventory.hosts()[name].data["postgres_port"]
    psql = f"runuser -u postgres -- psql -XAtq --set=ON_ERROR_STOP=1 --port={port} --dbname={database}"
    return ssh(name, f"cd /\n{psql} 2>&1 <<'SQL' || true\n{query};\nSQL\n", inventory=inventory.PATH).strip()


@cache
def primary() -> str:
    """The host whose server takes writes."""
    (found,) = [name for name in NAMES if ask(name, "select pg_is_in_recovery()") == "f"]
    return found


@cache
def password(role: str) -> str:
    """A role's password, from where the administrator keeps it."""
    found, problems = secrets.read(inventory.hosts()[NAMES[0]].data["environment"], declarations.secrets())
    assert not problems
    return found[f"POSTGRES_{role}PASSWORD"].get_secret_value()


def connect(name: str, server: str, user: str, word: str, database: str, query: str, tls: str = "verify-full") -> str:
    """What somebody on a host gets who connects to a server over the network; the password is never an argument."""
    port = inventory.hosts()[server].data["postgres_port"]
    connection = f"host={server} port={port} user={user} dbname={database} sslmode={tls} sslrootcert={AUTHORITY}"
    return ssh(
        name,
        f"export PGPASSWORD={shlex.quote(word)}\n"
        f"cd /; psql -XAtq --dbname={shlex.quote(connection)} --command={shlex.quote(query)} 2>&1 || true\n",
        inventory=inventory.PATH,
    ).strip()


@pytest.fixture
def table(data: dict[str, Any]) -> Any:
    """A table of the platform's own with one row, on the primary."""
    name, database, user = f"verify_{uuid4().hex}", data["postgres_database"], data["postgres_user"]
    made = ask(
        primary(), f"set role {user}; create table {name} (row text); insert into {name} values ('there')", database
    )
    assert made == ""
    yield name
    ask(primary(), f"drop table {name}", database)


def test_it_runs_and_comes_back_at_boot(host: Host) -> None:
    version = host.check_output("ls /etc/postgresql | grep -E '^[0-9]+$' | tail -n 1")
    unit = host.service("patroni" if BY_PATRONI else f"postgresql@{version}-main")
    assert unit.is_running
    assert unit.is_enabled


def test_there_is_one_primary() -> None:
    assert primary() in NAMES


def test_a_row_of_the_primary_is_read_on_every_server(name: str, data: dict[str, Any], table: str) -> None:
    database = data["postgres_database"]
    assert eventually(lambda: ask(name, f"select row from {table}", database) == "there", within=10)


def test_a_replica_refuses_writes(name: str) -> None:
    if name == primary():
        pytest.skip("the primary takes writes")
    assert "read-only transaction" in ask(name, "create table refused (row text)")


def test_a_replica_follows_over_tls_with_its_own_slot(name: str) -> None:
    if name == primary():
        pytest.skip("the primary follows nobody")
    state = ask(
        primary(),
        "select state, ssl, version in ('TLSv1.2', 'TLSv1.3'), slot_name, wal_status"
        " from pg_stat_replication join pg_stat_ssl using (pid)"
        f" join pg_replication_slots on active_pid = pid where application_name = '{name}'",
    )
    slot = patroni.slot(name) if BY_PATRONI else slot_name(name)
    assert state == f"streaming|t|t|{slot}|reserved"


def test_the_primary_keeps_no_slot_of_a_host_that_is_no_more() -> None:
    slots = ask(primary(), "select slot_name from pg_replication_slots where slot_name like 'tracseq\\_%'")
    replicas = set() if BY_PATRONI else {slot_name(name) for name in NAMES if name != primary()}
    assert set(slots.splitlines()) == replicas | {slot_name(f"backup_{one.name}") for one in inventory.group("backups")}


def test_what_a_replica_makes_the_primary_keep_is_limited(name: str) -> None:
    limit = ask(name, "select setting::int from pg_settings where name = 'max_slot_wal_keep_size'")
    assert int(limit) > 0


def test_passwords_are_kept_as_scram_verifiers_only(name: str) -> None:
    assert ask(name, "show password_encryption") == "scram-sha-256"
    others = "select rolname from pg_authid where rolpassword is not null and rolpassword not like 'SCRAM-SHA-256$%'"
    assert ask(name, others) == ""


def test_roles_may_what_they_need_and_no_more(name: str, data: dict[str, Any]) -> None:
    rights = "rolsuper, rolreplication, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin"
    roles = f"'replicator', 'monitoring', '{data['postgres_user']}'"
    found = ask(name, f"select rolname, {rights} from pg_roles where rolname in ({roles}) order by rolname")
    assert sorted(found.splitlines()) == sorted(
        ["monitoring|f|f|f|f|f|t", "replicator|f|t|f|f|f|t", f"{data['postgres_user']}|f|f|f|f|f|t"]
    )


def test_the_right_password_gets_in_over_tls(name: str) -> None:
    query = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
    for server in NAMES:
        assert connect(name, server, "monitoring", password("MONITORING_"), "postgres", query) == "t"


def test_a_wrong_password_does_not(name: str) -> None:
    answer = connect(name, primary(), "monitoring", "wrong", "postgres", "select 1")
    assert 'password authentication failed for user "monitoring"' in answer


def test_nobody_gets_in_without_tls(name: str, data: dict[str, Any]) -> None:
    for user, word, database in (
        ("monitoring", password("MONITORING_"), "postgres"),
        (data["postgres_user"], password(""), data["postgres_database"]),
    ):
        answer = connect(name, primary(), user, word, database, "select 1", tls="disable")
        assert "no pg_hba.conf entry" in answer
        assert "no encryption" in answer


def test_the_platform_gets_in_from_gateways_only(name: str, data: dict[str, Any]) -> None:
    answer = connect(name, primary(), data["postgres_user"], password(""), data["postgres_database"], "select 1")
    if "gateways" in inventory.hosts()[name].groups:
        assert answer == "1"
    else:
        assert "no pg_hba.conf entry" in answer


def test_nobody_gets_in_as_the_superuser(name: str) -> None:
    assert "no pg_hba.conf entry" in connect(name, primary(), "postgres", "wrong", "postgres", "select 1")


def test_monitoring_sees_activity_but_no_table(name: str, data: dict[str, Any], table: str) -> None:
    word, database = password("MONITORING_"), data["postgres_database"]
    # Without pg_monitor, what others do reads "<insufficient privilege>".
    hidden = "select count(*) from pg_stat_activity where query = '<insufficient privilege>'"
    assert connect(name, primary(), "monitoring", word, database, hidden) == "0"
    answer = connect(name, primary(), "monitoring", word, database, f"select * from {table}")
    assert f"permission denied for table {table}" in answer


def test_monitoring_sees_what_each_kind_of_statement_costs(name: str) -> None:
    # Statements are of one kind whatever their values and names: this one is like no other by its form.
    statement = "select 1 as counted, 'a', 2.5, 'b', 3 as times"
    calls = "select coalesce(sum(calls), 0) from pg_stat_statements where query like '%as counted%as times%'"

    def counted() -> int:
        return int(connect(name, name, "monitoring", password("MONITORING_"), "postgres", f"{calls} and rows = calls"))

    before = counted()
    for _ in range(2):
        ask(name, statement)
    assert counted() == before + 2


def test_it_runs_with_what_is_on_disk(name: str) -> None:
    assert ask(name, "select name from pg_settings where pending_restart") == ""
    wrong = "error is not null" if BY_PATRONI else "not applied"
    assert ask(name, f"select name, error from pg_file_settings where {wrong}") == ""
    assert ask(name, "select line_number, error from pg_hba_file_rules where error is not null") == ""


def test_its_data_has_checksums(name: str) -> None:
    assert ask(name, "show data_checksums") == "on"


def test_its_secrets_are_closed_to_others(host: Host) -> None:
    for file in ("passfile", "server.key"):
        state = host.file(f"/etc/tracseq/postgres/{file}")
        assert (state.user, state.group, state.mode) == ("postgres", "postgres", 0o600)
