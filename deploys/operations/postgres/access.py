"""Who may use a Postgres server: roles, databases, and the slots of its replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import Answer, Role, ServerState, slot_name
from deploys.operations.postgres import scram, shell, slots
from deploys.operations.script import script

ATTRIBUTES = ("LOGIN", "REPLICATION", "SUPERUSER", "CREATEDB", "CREATEROLE", "BYPASSRLS")


@dataclass(frozen=True)
class Login:
    """
    A role that logs in with a password.

    + name: its name
    + password: its password; the server is only given its verifier. None: it comes without one, as pg_hba.conf says
    + attributes: what it may beside LOGIN, of ``ATTRIBUTES``; it may nothing else of them
    + member_of: roles whose rights it has; further ones that it was granted stay
    + connections: how many it may have at the same time; None: as it is
    + functions: those of the database ``postgres`` that it may call and others may not, as regprocedure writes them
    """

    name: str
    password: str | None = field(default=None, repr=False)
    attributes: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()
    connections: int | None = None
    functions: frozenset[str] = frozenset()


@operation
def granted(
    version: int,
    logins: Sequence[Login],
    databases: Mapping[str, str],
    replicas: Sequence[str],
    slots_of_others: Sequence[str] = (),
    extensions: Sequence[str] = (),
) -> Steps:
    """
    Have a primary's roles, databases, extensions and slots. What it has beside them stays, but for slots of
    hosts that are no more.

    + version: of Postgres
    + logins: the roles
    + databases: the owner of each database
    + replicas: names of the hosts that may replicate from it
    + slots_of_others: names of slots for those that receive WAL and are no replicas
    + extensions: those of the database ``postgres``, in the version that the server brings

    **Example:**

    .. code:: python

        access.granted(
            name="Roles and databases",
            version=15,
            logins=[Login("tracseq", password)],
            databases={"tracseq_prod": "tracseq"},
            replicas=["pg2"],
        )
    """
    server: ServerState = yield Reading(Server)
    current = server.cluster
    if current and current.answer and current.answer.recovery:
        yield StringCommand(shell.failed("The server is no primary any more. Run again."))
        return
    answer = (current.answer if current else None) or Answer(recovery=False)
    wanted = [*(slot_name(name) for name in replicas), *slots_of_others]
    statements = [
        *(line for login in logins for line in role_statements(login, answer.roles.get(login.name))),
        *(line for name, owner in databases.items() for line in database_statements(name, owner, answer)),
        *(line for name in extensions for line in extension_statements(name, answer)),
        *slots.statements(wanted, answer.slots),
    ]
    if not statements:
        host.noop("roles, databases, extensions and slots are there")
        return
    # A statement that fails must not leave its verifier in the server's log.
    silent = "SET log_min_error_statement = panic; SET log_min_duration_statement = -1;"
    # On a new site there is no replica yet that could confirm it.
    alone = "SET synchronous_commit = local;"
    yield script(
        shell.query(version),
        "query --set=VERBOSITY=terse --file=-",
        stdin="\n".join((silent, "SET log_statement = none;", alone, *statements)) + "\n",
    )


def role_statements(login: Login, current: Role | None) -> list[str]:
    """SQL that makes a role what it is declared to be."""
    wanted = login.attributes | {"LOGIN"}
    attributes = " ".join(name if name in wanted else f"NO{name}" for name in ATTRIBUTES)
    statements = []
    if current is None:
        verifier = "NULL" if login.password is None else f"'{scram.verifier(login.password)}'"
        statements.append(f"CREATE ROLE {login.name} {attributes} PASSWORD {verifier};")
    elif current.attributes != wanted:
        statements.append(f"ALTER ROLE {login.name} {attributes};")
    if login.connections and login.connections != (current.connections if current else None):
        statements.append(f"ALTER ROLE {login.name} CONNECTION LIMIT {login.connections};")
    if current and login.password is None and current.digest:
        statements.append(f"ALTER ROLE {login.name} PASSWORD NULL;")
    elif current and login.password is not None and not scram.matches(login.password, current.scram, current.digest):
        statements.append(f"ALTER ROLE {login.name} PASSWORD '{scram.verifier(login.password)}';")
    missing = login.member_of - (current.member_of if current else frozenset())
    statements += [f"GRANT {role} TO {login.name};" for role in sorted(missing)]
    ungranted = login.functions - (current.functions if current else frozenset())
    statements += [f"GRANT EXECUTE ON FUNCTION {function} TO {login.name};" for function in sorted(ungranted)]
    return statements


def database_statements(name: str, owner: str, answer: Answer) -> list[str]:
    """SQL that makes a database be there and belong to its owner."""
    if name not in answer.databases:
        return [f"CREATE DATABASE {name} OWNER {owner};"]
    if answer.databases[name] != owner:
        return [f"ALTER DATABASE {name} OWNER TO {owner};"]
    return []


def extension_statements(name: str, answer: Answer) -> list[str]:
    """SQL that makes an extension be there, and not of an older server."""
    if name not in answer.extensions:
        return [f"CREATE EXTENSION {name};"]
    return [] if answer.extensions[name] else [f"ALTER EXTENSION {name} UPDATE;"]
