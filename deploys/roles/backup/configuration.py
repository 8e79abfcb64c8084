"""What a backup host is told of its site."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from deploys.controller import backups
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations.file_set import File
from deploys.roles.backup.declaration import CREDENTIALS, SECRETS_OF, Backups, OfSecondPlace
from deploys.settings import declarations

DIRECTORY = "/var/lib/tracseq-backup"
"""What it received and did not yet hand to the repository, and what was done last."""


def connection(run: Run) -> str:
    """What a connection to a Postgres server needs, beside the server."""
    return (
        f"port={run.site.shared.postgres_port} user={backups.LOGIN} dbname=postgres sslmode=verify-full "
        f"sslrootcert={CREDENTIALS}/authority.crt sslcert={CREDENTIALS}/client.crt sslkey={CREDENTIALS}/client.key "
        # A primary that vanished without a word is given up after a minute.
        "gssencmode=disable connect_timeout=5 keepalives_idle=30 keepalives_interval=10 keepalives_count=3"
    )


def second_place(run: Run) -> Iterator[File]:
    """What rclone needs to know: where ``second:`` is, and how one gets in."""
    place = run.host.data(Backups).backup_second_place
    if place is None:
        return
    port = run.site.data(OfSecondPlace).backup_second_place_port
    secrets = {name: run.site.secret(name) for name in SECRETS_OF[place.type]}
    yield closed(
        f"{CREDENTIALS}/rclone.conf",
        render("backup/rclone.conf.j2", place=place, port=port, credentials=CREDENTIALS, secrets=secrets),
    )
    if place.type == "sftp":
        yield closed(f"{CREDENTIALS}/sftp_password", secrets["BACKUP_SFTP_PASSWORD"] + "\n")
        where = place.host if port == 22 else f"[{place.host}]:{port}"
        yield File(f"{CREDENTIALS}/known_hosts", f"{where} {place.host_key}\n")


def readable() -> str:
    """Command that refuses a passphrase with which the repository that is there cannot be read."""
    said = f"runuser -u {backups.USER} -- pgbackrest --stanza={backups.STANZA} --output=json info"
    why = (
        "The repository of the backups was made with another BACKUP_PASSPHRASE and cannot be read with this one. "
        "Put the old one back into .env, or move the repository away: a new one is then begun."
    )
    # A disk of another machine is its users', which is no matter of the passphrase.
    other = "grep '\"code\":99' | grep --quiet --invert-match --ignore-case 'permission denied'"
    return f"if (cd / && {said}) 2>/dev/null | {other}; then echo '{why}' >&2; false; fi"


def closed(path: str, content: str) -> File:
    """A file that only root and the user of the backups can read."""
    return File(path, content, group=backups.USER, mode="640", secret=True)


def settings(run: Run) -> str:
    """The settings of the programs in files/backup, as their file has them."""
    host = run.host
    data = host.data(Backups)
    values: dict[str, Any] = {
        "user": backups.USER,
        "stanza": backups.STANZA,
        "repository": data.backup_directory,
        "repositories": [1],
        "network": False,
        "servers": [server.name for server in run.site.group("postgres")],
        "connection": connection(run),
        "slot": backups.slot(host),
        "programs": f"/usr/lib/postgresql/{run.topology.version}/bin",
        "wal_interval": data.backup_wal_interval,
        "wal_maximum_age": data.backup_wal_maximum_age,
        "backup_maximum_age": data.backup_maximum_age,
        "state_maximum_age": data.backup_maximum_age,
        "state_repository": f"{data.backup_directory}/state",
        "state_retention": f"{math.ceil(data.backup_retention / 86400)}d",
        "state_sources": [{"name": peer.name} for peer in run.site.hosts if declarations.states(run.site, peer)],
        "state_port": host.value("backup_state_port"),
        "second_place": data.backup_second_place.path if data.backup_second_place else "",
        "second_place_maximum_age": 4 * data.backup_second_place_interval,
        "retention": data.backup_retention,
        "restore_directory": data.backup_restore_directory,
        "restore_port": host.value("backup_restore_port"),
        "proof_database": run.site.shared.postgres_database,
        "proof_query": data.backup_proof_query or "",
    }
    return json.dumps(values, indent=1) + "\n"
