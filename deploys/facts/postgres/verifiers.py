"""What a pool may ask a database for."""

from __future__ import annotations

import json
from typing import Any

from pyinfra.api import FactBase

from deploys.facts.postgres.running import asked

QUERY = """
select json_build_object(
  'owner', pg_get_userbyid(proowner), 'schema_owner', pg_get_userbyid(nspowner), 'body', prosrc,
  'as_owner', prosecdef, 'settings', proconfig,
  'callers', array(select grantee::regrole::text from aclexplode(coalesce(proacl, acldefault('f', proowner)))
    where grantee <> proowner order by 1),
  'users', array(select grantee::regrole::text from aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
    where grantee <> nspowner order by 1),
  'reads', array(select attname from pg_attribute, aclexplode(attacl) where attrelid = 'pg_authid'::regclass
    and grantee = proowner order by 1),
  'logs_in', (select rolcanlogin or rolsuper from pg_roles where oid = proowner))
from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
where pg_proc.oid = to_regprocedure('pool.verifier(text)')
"""


class Verifiers(FactBase[dict[str, Any]]):
    """
    The function by which a pool reads verifiers of passwords, and who may call it; empty where there is none.

    + database: the database that has it
    """

    def command(self, database: str) -> str:
        return asked(QUERY, database)

    @staticmethod
    def default() -> dict[str, Any]:
        return {}

    def process(self, output: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads("\n".join(output) or "{}")
        return found
