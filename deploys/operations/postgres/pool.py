"""The pool in front of a server: what it may ask the server for, and that it serves."""

from __future__ import annotations

from typing import Any

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.verifiers import Verifiers
from deploys.operations.postgres import shell
from deploys.operations.script import script

COLUMNS = ("rolcanlogin", "rolname", "rolpassword", "rolvaliduntil")
"""What the function reads of pg_authid."""


@operation
def verifiers(version: int, database: str, user: str, owner: str, role: str) -> Steps:
    """
    Have a function in a database by which a pool is told the verifier of one role's password, and of no other.

    + version: of Postgres
    + database: the database; clients of the pool connect to it
    + user: the role whose verifier is told
    + owner: the role that owns the function and may read pg_authid; it is made, and cannot log in
    + role: the role that may call it, which is there

    **Example:**

    .. code:: python

        pool.verifiers(
            name="It may ask for the platform's verifier",
            version=15,
            database="tracseq_prod",
            user="tracseq",
            owner="pool_verifiers",
            role="pgbouncer",
        )
    """
    current: dict[str, Any] = yield Reading(Verifiers, database=database)
    body = (
        f" SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = asked AND rolname = '{user}'"
        " AND rolcanlogin AND coalesce(rolvaliduntil, 'infinity') > now() "
    )
    wanted = {
        "owner": owner,
        "schema_owner": owner,
        "body": body,
        "as_owner": True,
        "settings": ["search_path=pg_catalog"],
        "callers": [role],
        "users": [role],
        "reads": list(COLUMNS),
        "logs_in": False,
    }
    if current == wanted:
        host.noop("it may ask for one verifier")
        return
    function = "pool.verifier(text)"
    statements = [
        "BEGIN;",
        f"SELECT 'CREATE ROLE {owner}' WHERE to_regrole('{owner}') IS NULL \\gexec",
        f"ALTER ROLE {owner} NOLOGIN NOSUPERUSER;",
        f"GRANT SELECT ({', '.join(COLUMNS)}) ON pg_catalog.pg_authid TO {owner};",
        "CREATE SCHEMA IF NOT EXISTS pool;",
        f"ALTER SCHEMA pool OWNER TO {owner};",
        f"DROP FUNCTION IF EXISTS {function};",
        "CREATE FUNCTION pool.verifier(asked text) RETURNS TABLE (role name, verifier text) LANGUAGE sql STABLE"
        f" SECURITY DEFINER SET search_path = pg_catalog AS $${body}$$;",
        f"ALTER FUNCTION {function} OWNER TO {owner};",
        f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC;",
        "REVOKE ALL ON SCHEMA pool FROM PUBLIC;",
        f"GRANT EXECUTE ON FUNCTION {function} TO {role};",
        f"GRANT USAGE ON SCHEMA pool TO {role};",
        "COMMIT;",
    ]
    yield script(shell.query(version), f"query --dbname={database} --file=-", stdin="\n".join(statements) + "\n")


def started(verb: str, version: int, sockets: str, port: int) -> str:
    """
    Shell that starts or reloads a pool, and goes on once it serves; in front of a replica nobody waits for it.

    + verb: of systemctl
    + version: of Postgres
    + sockets: directory of its socket
    + port: its port
    """
    ask = (
        f"runuser -u pgbouncer -- psql -XAtq --host={sockets} --port={port} --dbname=pgbouncer --command='show version'"
    )
    return f"""
{shell.query(version)}
serves() {{
  systemctl {verb} pgbouncer.service || return 1
  tries=0
  until {ask} >/dev/null 2>&1; do
    [ "$(query --command='select pg_is_in_recovery()')" = f ] || return 0
    tries=$((tries + 1))
    [ $tries -lt 50 ] || return 1
    sleep 0.2
  done
}}
serves"""
