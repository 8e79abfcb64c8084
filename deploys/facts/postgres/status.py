"""How a running server does: positions in the WAL, who follows, what slots hold back, connections, archive, sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts.postgres.running import asked

QUERY = """
select json_build_object(
  'position', pg_wal_lsn_diff(here, '0/0'),
  'received', pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'),
  'replayed_age', case when pg_is_in_recovery()
    then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) end,
  'paused', case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() <> 'not paused' else false end,
  'started', extract(epoch from pg_postmaster_start_time()),
  'senders', (select coalesce(json_object_agg(application_name, json_build_object(
      'state', state, 'sync', sync_state, 'lag', extract(epoch from replay_lag))), '{}')
    from pg_stat_replication),
  'synchronous', coalesce(substring(current_setting('synchronous_standby_names') from '^ANY ([0-9]+)')::int, 0),
  'slots', (select coalesce(json_object_agg(slot_name, json_build_object(
      'active', active, 'wal_status', wal_status, 'held', pg_wal_lsn_diff(here, restart_lsn),
      'left', safe_wal_size)), '{}') from pg_replication_slots),
  'slot_limit', (select nullif(setting::bigint, -1) * 1024 * 1024 from pg_settings
    where name = 'max_slot_wal_keep_size'),
  'connections', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
  'most_connections', current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
  'archive', (select json_build_object(
      'on', current_setting('archive_mode') <> 'off',
      'last', last_archived_wal, 'last_age', extract(epoch from clock_timestamp() - last_archived_time),
      'failed', last_failed_wal, 'failed_age', extract(epoch from clock_timestamp() - last_failed_time))
    from pg_stat_archiver),
  'databases', (select json_object_agg(datname, pg_database_size(oid)) from pg_database where not datistemplate))
from (select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as here) as now
"""


@dataclass(frozen=True)
class Sender:
    """A server that follows this one, as this one sees it."""

    state: str
    sync: str
    lag: float | None
    """Seconds until what is written here is replayed there; None where nothing was written lately."""


@dataclass(frozen=True)
class HeldSlot:
    """A replication slot, and what it holds back."""

    active: bool
    wal_status: str | None
    held: int | None
    """Bytes of WAL that the server keeps for it; None where it never had any."""
    left: int | None
    """Bytes that may still be written before it is lost; None without a limit, or where it is lost."""


@dataclass(frozen=True)
class Archive:
    """What became of the WAL that was to be archived."""

    on: bool
    last: str | None = None
    last_age: float | None = None
    """Seconds since one was archived."""
    failed: str | None = None
    failed_age: float | None = None
    """Seconds since one could not be."""


@dataclass(frozen=True)
class Numbers:
    """What a running server counts."""

    position: int
    """How far it has written the WAL or, a replica, replayed it: bytes since the first."""
    started: float
    """When the server started, in seconds since 1970."""
    connections: int
    most_connections: int
    """Those that others than superusers may have."""
    received: int | None = None
    """How far a replica has received the WAL."""
    replayed_age: float | None = None
    """Seconds since the last transaction that a replica has replayed was committed on its primary."""
    paused: bool = False
    """Whether somebody stopped a replica from replaying."""
    senders: Mapping[str, Sender] = field(default_factory=dict)
    """Who follows, by name."""
    synchronous: int = 0
    """How many of them must have a write before it is acknowledged."""
    slots: Mapping[str, HeldSlot] = field(default_factory=dict)
    slot_limit: int | None = None
    """Bytes that a slot may hold back; None where there is no limit."""
    archive: Archive = Archive(False)
    databases: Mapping[str, int] = field(default_factory=dict)
    """The size of each, in bytes."""


def parse(said: str) -> Numbers | None:
    """What psql printed, as values; None where that is no answer."""
    try:
        found = json.loads(said)
    except ValueError:
        return None
    return Numbers(
        **found
        | {
            "senders": {name: Sender(**one) for name, one in found["senders"].items()},
            "slots": {name: HeldSlot(**one) for name, one in found["slots"].items()},
            "archive": Archive(**found["archive"]),
        }
    )


class Status(FactBase[Numbers | None]):
    """What the host's running cluster ``main`` counts; None where none runs or answers."""

    def command(self) -> str:
        return asked(QUERY)

    @staticmethod
    def default() -> Numbers | None:
        return None

    def process(self, output: list[str]) -> Numbers | None:
        return parse("\n".join(output))
