"""SCRAM-SHA-256 verifiers, against one that a Postgres server made."""

from __future__ import annotations

from deploys.operations.postgres import scram

PASSWORD = "correct horse battery staple, 20+"
PARAMETERS = "4096:VLts5gpFtSJSsz6cz4VpRQ=="
VERIFIER = (
    f"SCRAM-SHA-256${PARAMETERS}"
    "$K3Wxt9waH2dRiZDu9hGRrajnJq7xMAuw1WXk7kEOBXo=:zbGl6SZ7+sO9xY2oEcjZJ6Y6fxdmFTxXPT+gY6qhbSc="
)
DIGEST = "20016947bab9340b8fd96db2fd288acdef9d4672b9a0b924078804973bf41262"
"""All four as PostgreSQL 15 made them for ``CREATE ROLE … PASSWORD``."""


def test_it_is_what_a_server_makes() -> None:
    assert scram.verifier(PASSWORD, PARAMETERS) == VERIFIER


def test_the_same_password_matches_and_no_other() -> None:
    assert scram.matches(PASSWORD, PARAMETERS, DIGEST)
    assert not scram.matches(PASSWORD + " ", PARAMETERS, DIGEST)


def test_a_role_without_a_verifier_matches_nothing() -> None:
    assert not scram.matches(PASSWORD, None, None)


def test_every_new_one_has_a_salt_of_its_own() -> None:
    first, second = scram.verifier(PASSWORD), scram.verifier(PASSWORD)
    assert first != second
    assert first.startswith("SCRAM-SHA-256$4096:")
    assert PASSWORD not in first
