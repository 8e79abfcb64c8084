"""
How far the repository is behind the primary, and whether anything is missing: a failed unit says what.

It also has a segment that holds something finished in time, and keeps each standby's slot at what is
archived: a standby that is promoted then still has what the repository lacks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tracseq_backup import pgbackrest, postgres, push, record, wal
from tracseq_backup.settings import Settings, load

PATIENCE = 20.0
"""Seconds for which a primary is waited for: while it changes there is none, and that is nobody's fault."""


def archived_until(before: dict[str, Any], now: float, written: int, archived: int) -> dict[str, Any]:
    """
    The time up to which all that was written is in the repository, and what that is reckoned from.

    Args:
        before: what this returned the last time
        now: the time
        written: the position up to which the primary has written
        archived: the position up to which the repository has it
    """
    seen = [(at, position) for at, position in before.get("seen", []) if position <= written] + [(now, written)]
    reached = [at for at, position in seen if position <= archived]
    # Of those not reached the first decide: a repository that is a day behind needs no list of all its minutes.
    ahead = [one for one in seen if one[1] > archived][:60]
    return {"until": max([before.get("until", 0.0), *reached]), "seen": ahead}


def asked(settings: Settings, statement: str) -> str:
    """
    What the primary answers, whoever it is by then.

    Args:
        settings: of this host
        statement: what it is asked

    Raises:
        OSError: with the words of psql where there is none for as long as ``PATIENCE``.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return postgres.ask(postgres.of_primary(settings), statement)
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.5)


def keep_slot(settings: Settings, server: str, segment: str) -> None:
    """
    Have a standby keep WAL from what is archived on, and no more; and a primary not be asked for what is archived.

    A primary that lost its power has the slot where its last checkpoint had it, and has removed what the receiver had
    fetched since: without this, the receiver would ask for that for ever.

    Args:
        settings: of this host
        server: name of the host
        segment: the newest that is archived
    """
    archived = wal.end(segment)
    here = postgres.connection(settings, server)
    where = f"where slot_name = '{settings.slot}'"
    postgres.ask(
        here,
        f"select pg_drop_replication_slot(slot_name) from pg_replication_slots {where} and not active"
        " and pg_is_in_recovery() and wal_status = 'lost'",
        f"select pg_create_physical_replication_slot('{settings.slot}', true) where pg_is_in_recovery()"
        f" and not exists (select from pg_replication_slots {where})",
        "select pg_replication_slot_advance(slot_name, least(pg_last_wal_replay_lsn(),"
        f" '{wal.text(archived)}'::pg_lsn)) from pg_replication_slots {where} and not active"
        f" and pg_is_in_recovery() and restart_lsn < least(pg_last_wal_replay_lsn(), '{wal.text(archived)}'::pg_lsn)",
        # Only on the timeline of that segment: of an earlier one it may have what this server never had.
        f"select pg_replication_slot_advance(slot_name, '{wal.text(archived)}'::pg_lsn) from pg_replication_slots"
        f" {where} and not active and restart_lsn < '{wal.text(archived)}'::pg_lsn and case when pg_is_in_recovery()"
        f" then false else left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) = '{segment[:8]}'"
        f" and pg_current_wal_flush_lsn() >= '{wal.text(archived)}'::pg_lsn end",
    )


def newest_backup(info: dict[str, Any]) -> int | None:
    """When the newest backup ended, by what the repository says it holds."""
    return max((backup["timestamp"]["stop"] for backup in info.get("backup", [])), default=None)


def late(settings: Settings, now: float, last: dict[str, Any], wal_until: float, since: float) -> Iterator[str]:
    """
    A sentence for each thing that is missing.

    Args:
        settings: of this host
        now: the time
        last: what the repository says it holds
        wal_until: up to when it has all that was written
        since: when this host was first watched over
    """
    if now - wal_until > settings.wal_maximum_age:
        yield (
            f"The repository lacks what was written in the last {_minutes(now - wal_until)}"
            f" ({_minutes(settings.wal_maximum_age)} are allowed):"
            " see journalctl -u tracseq-wal-receive -u tracseq-wal-push."
        )
    newest = newest_backup(last)
    if newest is None and now - since > settings.wal_maximum_age:
        yield "There is no backup yet: see journalctl -u tracseq-backup-full."
    elif newest is not None and now - newest > settings.backup_maximum_age:
        yield (
            f"The newest backup is {_hours(now - newest)} old ({_hours(settings.backup_maximum_age)} are allowed): "
            "see journalctl -u tracseq-backup-full -u tracseq-backup-differential."
        )
    lost = record.read("receive").get("lost", 0)
    if lost > max((backup["timestamp"]["start"] for backup in last.get("backup", [])), default=0):
        yield (
            "This host was away for longer than the primary keeps WAL for it (postgres_max_slot_wal_keep_size):"
            " until the next backup no restore goes past that gap. Make it now: systemctl start tracseq-backup-full."
        )
    state = record.read("state").get("succeeded") or since
    if settings.state_sources and now - state > settings.state_maximum_age:
        yield (
            f"The newest copy of the services' state is {_hours(now - state)} old"
            f" ({_hours(settings.state_maximum_age)} are allowed): see journalctl -u tracseq-backup-state."
        )

    copied = record.read("copy").get("succeeded") or since
    if settings.second_place and now - copied > settings.second_place_maximum_age:
        yield (
            f"The second place was brought up to date {_hours(now - copied)} ago"
            f" ({_hours(settings.second_place_maximum_age)} are allowed): see journalctl -u tracseq-backup-copy."
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} s"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds >= 5400 else _minutes(seconds)


def main() -> None:
    """Look once."""
    settings, now = load(), time.time()
    problems: list[str] = []
    before = record.read("wal")
    found: dict[str, Any] = {}
    archived, segment = 0, None
    try:
        found = pgbackrest.of_newest(pgbackrest.info(settings))
        if newest := max((one["max"] for one in found.get("archive", []) if one.get("max")), default=None):
            archived, segment = wal.end(newest), newest
    except OSError as error:
        problems.append(f"The repository cannot be read: {error}")
    reckoned = {"until": before.get("until", 0.0), "seen": before.get("seen", [])}
    try:
        written = wal.position(asked(settings, "select pg_current_wal_lsn()"))
        reckoned = archived_until(reckoned, now, written, archived)
        if written > archived:
            asked(settings, "select pg_switch_wal()")
    except OSError as error:
        problems.append(f"No primary answers: {error}")
    if segment:
        for server in settings.servers:
            try:
                keep_slot(settings, server, segment)
            except OSError as error:
                print(f"{server} keeps no WAL for the case that it is promoted: {error}", flush=True)
    since = before.get("since") or now
    problems += late(settings, now, found, reckoned["until"] or since, since)
    record.write(
        "wal",
        {
            **reckoned,
            "since": since,
            "segment": segment,
            "waiting": len(push.waiting()),
            "newest": newest_backup(found) or 0,
            "maximum_age": settings.backup_maximum_age,
            "maximum_behind": settings.wal_maximum_age,
            "interval": settings.wal_interval,
            "problems": problems,
        },
    )
    record.fail(problems)


if __name__ == "__main__":
    main()
