"""The units of a backup host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploys.controller.backups import SECOND, USER
from deploys.controller.templates import render
from deploys.operations.file_set import File
from deploys.roles.backup.configuration import DIRECTORY
from deploys.roles.backup.declaration import Backups

UNITS = "/etc/systemd/system"
RECEIVE, PUSH = "tracseq-wal-receive.service", "tracseq-wal-push.service"


@dataclass(frozen=True)
class Job:
    """A unit that the site enables, with the files that it consists of."""

    title: str
    unit: str
    files: tuple[File, ...]


def directories(data: Backups) -> str:
    """The file of systemd-tmpfiles with the directories of a backup host."""
    place = data.backup_second_place
    return (
        (f"d {place.path} 0750 {USER} {USER}\n" if place and place.type == "directory" else "")
        + f"d {data.backup_directory} 0750 {USER} {USER}\n"
        f"d {DIRECTORY} 0755 root root\n"
        f"d {DIRECTORY}/wal 0700 {USER} {USER}\n"
        f"d {DIRECTORY}/state 0755 {USER} {USER}\n"
        f"d {DIRECTORY}/spool 0700 {USER} {USER}\n"
        f"d {DIRECTORY}/info 0700 root root\n"
        f"d {data.backup_restore_directory} 0700 {USER} {USER}\n"
        f"d /run/tracseq-backup 0770 {USER} {USER}\n"
        "d /run/tracseq 0755 root root\n"
    )


def of_timer(name: str) -> tuple[str, str]:
    """The unit files of a timer and of what it starts."""
    return f"{UNITS}/{name}.service", f"{UNITS}/{name}.timer"


def restarted() -> str:
    """Command after which what runs continuously has read its files; what timers start reads them anyway."""
    return f"for unit in {RECEIVE} {PUSH}; do ! systemctl is-active --quiet $unit || systemctl restart $unit; done"


def continuous(library: str, repository: str) -> Iterator[Job]:
    """
    What runs all the time.

    Args:
        library: where the programs are
        repository: directory of the repository
    """
    yield _service(
        "WAL is received",
        RECEIVE,
        "receive",
        library,
        network=True,
        writable=[f"{DIRECTORY}/wal", f"{DIRECTORY}/state"],
    )
    yield _service(
        "WAL is pushed into the repository",
        PUSH,
        "push",
        library,
        network=False,
        writable=[repository, f"{DIRECTORY}/wal", "/run/tracseq-backup"],
    )


def timed(data: Backups, library: str, repository: str) -> Iterator[Job]:
    """
    What timers start.

    Args:
        data: of the host
        library: where the programs are
        repository: directory of the repository
    """
    interval = int(data.backup_wal_interval)
    yield _timer(
        "Watch over WAL and backups",
        "tracseq-backup-watch",
        "watch",
        library,
        schedule=(f"OnActiveSec={interval}", f"OnUnitInactiveSec={interval}", "AccuracySec=1s"),
        user=USER,
        writable=[f"{DIRECTORY}/state", "/run/tracseq-backup"],
    )
    yield _timer(
        "State of services",
        "tracseq-backup-state",
        "collect",
        library,
        schedule=(f"OnCalendar={data.backup_state_at}", "RandomizedDelaySec=5m", "Persistent=true"),
        user=USER,
        writable=[repository, f"{DIRECTORY}/state", f"{DIRECTORY}/spool"],
    )
    if data.backup_second_place:
        place = data.backup_second_place
        yield _timer(
            "Second place",
            SECOND,
            "copy",
            library,
            schedule=(
                f"OnActiveSec={int(data.backup_second_place_interval)}",
                f"OnUnitInactiveSec={int(data.backup_second_place_interval)}",
            ),
            user=USER,
            writable=[f"{DIRECTORY}/state", *([place.path] if place.type == "directory" else [])],
        )
    yield _timer(
        "Restore drill",
        "tracseq-restore-drill",
        "drill",
        library,
        schedule=(f"OnCalendar={data.backup_drill_at}", "RandomizedDelaySec=30m", "Persistent=true"),
    )
    for kind, at in (("full", data.backup_full_at), ("differential", data.backup_differential_at)):
        yield _timer(
            f"Backup, {kind}",
            f"tracseq-backup-{kind}",
            f"backup {kind}",
            library,
            schedule=(f"OnCalendar={at}", "RandomizedDelaySec=30m", "Persistent=true"),
        )


def _service(title: str, unit: str, program: str, library: str, network: bool, writable: list[str]) -> Job:
    text = render(
        "backup/continuous.service.j2",
        title=title, program=program, library=library, network=network, writable=writable, user=USER,
    )  # fmt: skip
    return Job(title, unit, (File(f"{UNITS}/{unit}", text, restart=True),))


def _timer(
    title: str,
    name: str,
    program: str,
    library: str,
    schedule: tuple[str, ...],
    user: str | None = None,
    writable: list[str] | None = None,
) -> Job:
    """A timer and what it starts: in a room of its own, or as root, which only makes such rooms."""
    service = render(
        "backup/timed.service.j2", title=title, program=program, library=library, user=user, writable=writable or []
    )
    timer = render("backup/timer.j2", title=title, schedule=schedule)
    return Job(
        title,
        f"{name}.timer",
        (File(f"{UNITS}/{name}.timer", timer, restart=True), File(f"{UNITS}/{name}.service", service)),
    )
