"""The socket at which the backup host gets what the services of a host declare as their state."""

from __future__ import annotations

import json
from dataclasses import asdict

from pyinfra.api import deploy

from deploys.controller import backups, credentials, files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import system
from deploys.operations.file_set import File
from deploys.roles.backup_state.declaration import DIRECTORY, BackupState
from deploys.roles.backup_state.remove import PROGRAM, SERVICE, SOCKET, remove
from deploys.settings import declarations
from deploys.settings.declaration import State


def apply(run: Run) -> None:
    """Have the socket where there is state and somebody to fetch it."""
    states = declarations.states(run.site, run.host)
    if states and backups.holders(run.site):
        send(run=run, states=states)
    elif "backup_state" in run.machine.roles:
        remove(run=run)


@deploy("Backup of state")
def send(run: Run, states: tuple[State, ...]) -> None:
    """Have a program started for each connection of a backup host, that reads the state and nothing else."""
    settings = {
        "certificate": f"{DIRECTORY}/server.crt",
        "key": f"{DIRECTORY}/server.key",
        "authority": f"{DIRECTORY}/authority.crt",
        "holders": [holder.name for holder in backups.holders(run.site)],
        "states": [asdict(state) for state in states],
    }
    system.configured(
        name="State is sent to the backup host when it asks",
        key="backup-state",
        files=[
            File(f"{DIRECTORY}/settings.json", json.dumps(settings, indent=1) + "\n"),
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(PROGRAM, files.read("backup_state/tracseq_state.py")),
            File(
                f"/etc/systemd/system/{SERVICE}",
                render(
                    "backup_state/tracseq-backup-state@.service.j2",
                    program=PROGRAM,
                    directory=DIRECTORY,
                    paths=[state.path for state in states],
                ),
            ),
            File(
                f"/etc/systemd/system/{SOCKET}",
                render(
                    "backup_state/tracseq-backup-state.socket.j2",
                    port=run.site.data(BackupState).backup_state_port,
                ),
            ),
        ],
        apply=f"systemctl daemon-reload && systemctl --quiet enable {SOCKET} && systemctl restart {SOCKET}",
    )
