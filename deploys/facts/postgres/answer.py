"""What a running server is asked, and what it answers."""

from __future__ import annotations

import json
from typing import Any

from deploys.facts.postgres.state import Answer, Role, Slot

# The verifiers of passwords stay on the server: their salt and a digest are enough to compare them,
# and only of the roles that the site's pg_hba.conf names: no other is compared.
QUERY = """
select json_build_object(
  'recovery', pg_is_in_recovery(),
  'timeline', case when pg_is_in_recovery()
    then coalesce((select received_tli from pg_stat_wal_receiver),
                  (select timeline_id from pg_control_checkpoint()))
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
  'receiver', (select json_build_object('status', status, 'host', sender_host, 'slot', slot_name)
    from pg_stat_wal_receiver),
  'pending', (select coalesce(json_agg(name order by name), '[]') from pg_settings
    where pending_restart),
  'altered', (select coalesce(json_object_agg(name, setting), '{}') from pg_file_settings
    where sourcefile ~ '/postgresql\\.auto\\.conf$'),
  'refused', (select coalesce(json_agg(format('%s, line %s: %s',
      current_setting('hba_file'), line_number, error)), '[]') from pg_hba_file_rules
    where error is not null),
  'limits', (select json_object_agg(name, setting::int) from pg_settings where name in (
    'max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
    'max_locks_per_transaction')),
  'roles', (select json_object_agg(rolname, json_build_object(
      'attributes', array_remove(array[
        case when rolcanlogin then 'LOGIN' end, case when rolreplication then 'REPLICATION' end,
        case when rolsuper then 'SUPERUSER' end, case when rolcreatedb then 'CREATEDB' end,
        case when rolcreaterole then 'CREATEROLE' end, case when rolbypassrls then 'BYPASSRLS' end],
        null),
      'member_of', array(select granted.rolname from pg_auth_members as membership
        join pg_roles as granted on granted.oid = membership.roleid
        where membership.member = pg_authid.oid),
      'scram', case when rolpassword like 'SCRAM-SHA-256$%' and rolname = any(ours)
        then split_part(rolpassword, '$', 2) end,
      'digest', case when rolname = any(ours)
        then encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex') end))
    from pg_authid, (select array_agg(distinct named) as ours
      from pg_hba_file_rules, unnest(user_name) as named where named <> 'postgres') as known
    where rolname !~ '^pg_'),
  'databases', (select json_object_agg(datname, pg_get_userbyid(datdba)) from pg_database),
  'slots', (select coalesce(json_object_agg(slot_name, json_build_object(
      'active', active, 'wal_status', wal_status)), '{}')
    from pg_replication_slots where slot_type = 'physical'))
"""


def parse(said: str) -> dict[str, Any]:
    """What psql printed: the server's answer, or why there is none."""
    try:
        found = json.loads(said)
    except ValueError:
        return {"silence": said.strip() or "nothing within 20 s"}
    return {
        "answer": Answer(
            recovery=found["recovery"],
            timeline=found["timeline"],
            receiver=found["receiver"] or {},
            pending=tuple(found["pending"]),
            altered=found["altered"],
            refused=tuple(found["refused"]),
            limits=found["limits"],
            roles={
                name: Role(
                    frozenset(role["attributes"]),
                    frozenset(role["member_of"]),
                    role["scram"],
                    role["digest"],
                )
                for name, role in found["roles"].items()
            },
            databases=found["databases"],
            slots={name: Slot(**slot) for name, slot in found["slots"].items()},
        )
    }
