"""What a running server is asked, and what it answers."""

from __future__ import annotations

import json
from typing import Any

from deploys.facts.postgres.state import Answer, Role, Slot, StartupSetting

# The verifiers of passwords stay on the server: their salt and a digest are enough to compare them,
# and only of the roles that the site's pg_hba.conf names: no other is compared.
# A replica whose primary is gone may have made no checkpoint on that one's timeline yet: what it received says it.
QUERY = """
select json_build_object(
  'recovery', pg_is_in_recovery(),
  'timeline', case when pg_is_in_recovery()
    then coalesce((select received_tli from pg_stat_wal_receiver),
                  greatest((select timeline_id from pg_control_checkpoint()),
                           (select max(('x' || left(name, 8))::bit(32)::int) from pg_ls_waldir()
                             where name ~ '^[0-9A-F]{24}$')))
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
  'position', case when pg_is_in_recovery()
    then greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), coalesce(pg_last_wal_replay_lsn(), '0/0'))
    else pg_current_wal_lsn() end - '0/0',
  'committed', extract(epoch from pg_last_xact_replay_timestamp()),
  'pace', (select greatest(0, pg_last_wal_replay_lsn() - checkpoint_lsn)
      / greatest(1, extract(epoch from pg_last_xact_replay_timestamp() - checkpoint_time))
    from pg_control_checkpoint()),
  'history', case when not pg_is_in_recovery() then
    pg_read_file(format('pg_wal/%s.history', left(pg_walfile_name(pg_current_wal_lsn()), 8)), 0, 1000000, true) end,
  'followers', (select coalesce(json_object_agg(application_name, flush_lsn - '0/0'), '{}')
    from pg_stat_replication where state = 'streaming'),
  'receiver', (select json_build_object('status', status, 'host', sender_host, 'slot', slot_name)
    from pg_stat_wal_receiver),
  'pending', (select coalesce(json_agg(name order by name), '[]') from pg_settings
    where pending_restart),
  'startup', (select coalesce(json_object_agg(name, json_build_object(
      'written', (select setting from pg_file_settings where pg_file_settings.name = pg_settings.name
        and sourcefile !~ '/postgresql\\.auto\\.conf$' order by seqno desc limit 1),
      'running', current_setting(name))), '{}') from pg_settings where context = 'postmaster'),
  'archives', current_setting('archive_mode') <> 'off',
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
      'functions', array(select pg_proc.oid::regprocedure::text from pg_proc, aclexplode(proacl) as entry
        where proacl is not null and entry.grantee = pg_authid.oid and entry.privilege_type = 'EXECUTE'),
      'connections', nullif(rolconnlimit, -1),
      'scram', case when rolpassword like 'SCRAM-SHA-256$%' and rolname = any(ours)
        then split_part(rolpassword, '$', 2) end,
      'digest', case when rolname = any(ours)
        then encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex') end))
    from pg_authid, (select array_agg(distinct named) as ours
      from pg_hba_file_rules, unnest(user_name) as named where named <> 'postgres') as known
    where rolname !~ '^pg_'),
  'extensions', (select coalesce(json_object_agg(name, installed_version = default_version), '{}')
    from pg_available_extensions where installed_version is not null),
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
            position=found["position"],
            committed=found["committed"],
            pace=found["pace"] or 0.0,
            history=history(found["history"] or ""),
            followers=found["followers"],
            receiver=found["receiver"] or {},
            pending=tuple(found["pending"]),
            startup={name: StartupSetting(**one) for name, one in found.get("startup", {}).items()},
            archives=found.get("archives", False),
            altered=found["altered"],
            refused=tuple(found["refused"]),
            limits=found["limits"],
            roles={
                name: Role(
                    frozenset(role["attributes"]),
                    frozenset(role["member_of"]),
                    role["scram"],
                    role["digest"],
                    frozenset(role.get("functions", ())),
                    role.get("connections"),
                )
                for name, role in found["roles"].items()
            },
            extensions=found.get("extensions", {}),
            databases=found["databases"],
            slots={name: Slot(**slot) for name, slot in found["slots"].items()},
        )
    }


def history(text: str) -> dict[int, int]:
    """
    Where a server's timeline left each one before it, of the text of its history file.

    + text: a timeline, the location at which it was left, and a reason, on a line each
    """
    rows = [line.split("\t") for line in text.splitlines() if line[:1].isdigit()]
    return {int(row[0]): location(row[1]) for row in rows}


def location(written: str) -> int:
    """
    A place in the WAL as a number of bytes.

    + written: as Postgres writes it, such as ``16/B374D848`` (pg_lsn)
    """
    high, low = written.split("/")
    return (int(high, 16) << 32) + int(low, 16)
