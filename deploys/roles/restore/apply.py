"""What takes a restored cluster, or the state of services, from the backup host, while a restore waits for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pyinfra.api import deploy

from deploys.controller import backups, credentials, files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts import restore, restored_state
from deploys.operations import system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS
from deploys.roles.restore.declaration import DIRECTORY, Restore, users
from deploys.roles.restore.remove import PROGRAM, remove


@dataclass(frozen=True)
class Taker:
    """A unit that takes something."""

    unit: str
    user: str
    place: str
    """The one directory that it may write to."""


def takers(run: Run) -> Iterator[Taker]:
    """What a host can be sent: a cluster, and the state of its services."""
    for user in users(run.site, run.host):
        if user == "postgres":
            yield Taker(restore.RECEIVER, user, restore.beside(run.topology.version))
        else:
            # Without any capability: it is root in name only, and could change the owner of nothing.
            yield Taker(restored_state.RECEIVER, user, restored_state.DIRECTORY)


def apply(run: Run) -> None:
    """Have it where there is something to take, and somebody to take it from."""
    found = tuple(takers(run))
    if found and backups.holders(run.site):
        take(run=run, found=found)
    elif "restore" in run.machine.roles:
        remove(run=run)


@deploy("Restore")
def take(run: Run, found: tuple[Taker, ...]) -> None:
    """Have a unit for each thing that the host can be sent, none of which runs yet."""
    system.configured(
        name="Host can take what is restored for it",
        key="restore",
        files=[
            File(PROGRAM, files.read("restore/tracseq_receive.py")),
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate),
            *(file for taker in found for file in _files(run, taker)),
        ],
        absent=[f"{DIRECTORY}/server.crt"],
        apply="systemctl daemon-reload",
    )


def _files(run: Run, taker: Taker) -> Iterator[File]:
    directory = f"{DIRECTORY}/{taker.user}"
    settings = {
        "certificate": f"{directory}/server.crt",
        "key": f"{directory}/server.key",
        "authority": f"{DIRECTORY}/authority.crt",
        "holders": [holder.name for holder in backups.holders(run.site)],
        "port": run.site.data(Restore).backup_restore_port,
        "directory": f"{taker.place}/received",
    }
    yield File(f"{directory}/settings.json", json.dumps(settings, indent=1) + "\n")
    yield from credentials.files(run, f"{directory}/server.crt")
    yield File(
        f"{UNITS}/{taker.unit}",
        render(
            "restore/tracseq-restore-receive.service.j2",
            program=PROGRAM, directory=directory, user=taker.user, writable=taker.place,
        ),
    )  # fmt: skip
