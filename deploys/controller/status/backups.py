"""Backups: when each thing was done last, how it ended, and up to when all that was written is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploys.controller import words
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.backup_records import Records
from deploys.facts.units import Units, UnitsState
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

TITLES = {
    "full": "full backup",
    "differential": "differential backup",
    "verification": "verification",
    "wal": "WAL",
    "state": "state of services",
    "copy": "copy to the second place",
    "drill": "restore drill",
    "restore": "restore",
    "points": "restore point",
}
"""What each record is of, in the order of the screen."""
FULL = "tracseq-backup-full.service"
WATCH = 120
"""Seconds that one look may take, where the repository is large."""
WATCHES_MISSED = 3
COLUMNS = ("host", "what", "last", "ago", "took", "stored", "result")

Known = Mapping[str, Mapping[str, Any]]


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Records, {}), Wanted(Units, {"units": (FULL,)})] if "backups" in host.groups else []


def judged(survey: Survey) -> Judged:
    readings = survey.readings["backups"].items()
    read: dict[str, Known] = {name: records for name, (records, _) in readings}
    findings = [finding for name, (records, units) in readings for finding in findings_of(name, records, units)]
    for name, records in read.items():
        allowed = survey.site.host(name).value("backup_drill_maximum_age")
        findings += late_drill(name, records, survey.read_at, float(str(allowed)))
        interval = float(str(survey.site.host(name).value("backup_wal_interval")))
        findings += unwatched(name, records, survey.read_at, interval)
    rows = [row for name, records in read.items() for row in _rows(survey.read_at, name, records)]
    return Judged(dict(read), findings, tables=[Table("Backups", COLUMNS, tuple(rows))])


def findings_of(host: str, records: Known, units: UnitsState) -> Iterator[Finding]:
    """
    What is wrong with the backups of a host.

    Args:
        host: its name
        records: what it did last, by name
        units: whether a full backup is being made
    """
    full = units.units.get(FULL)
    if "full" not in records and full and full.properties.get("ActiveState") == "activating":
        yield Finding(host, "The first full backup is being made.", wrong=False)
    elif "full" not in records:
        yield Finding(host, "There is no full backup.", "Make one: systemctl start tracseq-backup-full")
    for name, record in records.items():
        if not _well(record):
            problems = " ".join(map(str, record.get("problems", ())))
            title = TITLES.get(name, name)
            yield Finding(
                host, f"The last {title} did not end well. {problems}".rstrip(), "See docs/operations/backups.md"
            )


def late_drill(host: str, records: Known, read_at: float, allowed: float) -> Iterator[Finding]:
    """
    Whether the last restore drill is too old.

    Args:
        host: its name
        records: what it did last, by name
        read_at: seconds since 1970
        allowed: how many seconds old it may be; on a new host, how long there may be none
    """
    last = records.get("drill", {}).get("at") or records.get("wal", {}).get("since")
    if last is not None and read_at - float(last) > allowed:
        done = (
            f"The last restore drill was {words.time(read_at - float(last))} ago"
            if "drill" in records
            else ("There was no restore drill yet")
        )
        yield Finding(
            host,
            f"{done} (every {words.time(allowed)} there must be one).",
            "Make one: systemctl start tracseq-restore-drill",
        )


def unwatched(host: str, records: Known, read_at: float, interval: float) -> Iterator[Finding]:
    """
    Whether nobody has looked at the WAL and the backups lately: what the records say is of then.

    Args:
        host: its name
        records: what it did last, by name
        read_at: seconds since 1970
        interval: after how many seconds somebody looks again
    """
    last = records.get("wal", {}).get("at")
    if last is not None and read_at - float(last) > WATCHES_MISSED * interval + WATCH:
        yield Finding(
            host,
            f"Nobody has looked at the WAL and the backups for {words.time(read_at - float(last))}.",
            "Its timer does not run: systemctl status tracseq-backup-watch.timer tracseq-backup-watch.service",
        )


def _rows(read_at: float, host: str, records: Known) -> Iterator[tuple[Cell, ...]]:
    for name in (*TITLES, *sorted(records.keys() - TITLES.keys())):
        if name not in records:
            continue
        record = records[name]
        last = float(record.get("until") or record["at"]) if "at" in record else None
        yield (
            Cell(host),
            Cell(TITLES.get(name, name) + (f" {record['label']}" if "label" in record else "")),
            NOTHING if last is None else Cell(words.moment(last)),
            NOTHING if last is None else Cell(words.time(max(0.0, read_at - last))),
            Cell(words.time(float(record["seconds"]))) if "seconds" in record else NOTHING,
            Cell(words.size(float(record["stored"]))) if "stored" in record else NOTHING,
            Cell(str(record.get("result", "well")), not _well(record)),
        )


def _well(record: Mapping[str, Any]) -> bool:
    return bool(record.get("result", "well") == "well")


SECTION = Section("backups", wanted, judged)
