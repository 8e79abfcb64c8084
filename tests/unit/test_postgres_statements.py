"""The SQL that makes roles, databases and slots what they are declared to be."""

from __future__ import annotations

import hashlib

from deploys.facts.postgres.state import Answer, Role, Slot
from deploys.operations.postgres import scram, slots
from deploys.operations.postgres.access import Login, database_statements, extension_statements, role_statements

PASSWORD = "marked-Secret-0123456789"
LOGIN = Login("monitoring", PASSWORD, member_of=frozenset({"pg_monitor"}))


def there(password: str = PASSWORD, attributes: frozenset[str] = frozenset({"LOGIN"})) -> Role:
    made = scram.verifier(password)
    parameters = made.split("$")[1]
    return Role(attributes, frozenset({"pg_monitor"}), parameters, hashlib.sha256(made.encode()).hexdigest())


def test_a_role_that_is_there_needs_nothing() -> None:
    assert role_statements(LOGIN, there()) == []


def test_a_missing_role_is_created_without_its_password() -> None:
    create, grant = role_statements(LOGIN, None)
    assert create.startswith(
        "CREATE ROLE monitoring LOGIN NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD 'SCRAM"
    )
    assert grant == "GRANT pg_monitor TO monitoring;"
    assert PASSWORD not in create
    assert PASSWORD not in repr(LOGIN)


def test_a_changed_password_is_changed() -> None:
    (alter,) = role_statements(LOGIN, there("another-Secret-0123456789"))
    assert alter.startswith("ALTER ROLE monitoring PASSWORD 'SCRAM-SHA-256$")


def test_a_password_of_another_method_is_changed() -> None:
    (alter,) = role_statements(LOGIN, Role(frozenset({"LOGIN"}), frozenset({"pg_monitor"}), None, "00"))
    assert "PASSWORD 'SCRAM-SHA-256$" in alter


def test_attributes_are_just_the_declared_ones() -> None:
    (alter,) = role_statements(LOGIN, there(attributes=frozenset({"LOGIN", "SUPERUSER"})))
    assert "NOSUPERUSER" in alter and "PASSWORD" not in alter


def test_a_database_is_created_or_given_to_its_owner() -> None:
    answer = Answer(recovery=False, databases={"ours": "tracseq", "theirs": "postgres"})
    assert database_statements("ours", "tracseq", answer) == []
    assert database_statements("theirs", "tracseq", answer) == ["ALTER DATABASE theirs OWNER TO tracseq;"]
    assert database_statements("new", "tracseq", answer) == ["CREATE DATABASE new OWNER tracseq;"]


def test_an_extension_is_created_or_brought_to_the_servers_version() -> None:
    answer = Answer(recovery=False, extensions={"there": True, "older": False})
    assert extension_statements("there", answer) == []
    assert extension_statements("older", answer) == ["ALTER EXTENSION older UPDATE;"]
    assert extension_statements("new", answer) == ["CREATE EXTENSION new;"]


def test_slots_are_those_of_the_replicas() -> None:
    found = {"tracseq_pg2": Slot(True, "reserved"), "of_a_backup": Slot(False, "reserved")}
    assert slots.statements(["tracseq_pg2"], found) == []
    assert slots.statements(["tracseq_pg2", "tracseq_pg3"], found) == [
        "SELECT pg_create_physical_replication_slot('tracseq_pg3', true) \\g /dev/null"
    ]


def test_a_slot_of_a_host_that_is_no_more_is_dropped_when_nobody_uses_it() -> None:
    assert slots.statements([], {"tracseq_pg2": Slot(True)}) == []
    assert slots.statements([], {"tracseq_pg2": Slot(False)}) == [
        "SELECT pg_drop_replication_slot('tracseq_pg2') \\g /dev/null"
    ]


def test_a_slot_that_lost_its_wal_is_made_anew() -> None:
    assert slots.statements(["tracseq_pg2"], {"tracseq_pg2": Slot(False, "lost")}) == [
        "SELECT pg_drop_replication_slot('tracseq_pg2') \\g /dev/null",
        "SELECT pg_create_physical_replication_slot('tracseq_pg2', true) \\g /dev/null",
    ]
