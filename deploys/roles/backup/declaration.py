"""Hosts that hold the backups of the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploys.controller.backups import USER
from deploys.controller.postgres import vectors
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Machine
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Duration, Port

CREDENTIALS = "/etc/tracseq/backup"
"""Where it keeps the certificate with which it asks the Postgres hosts."""
Directory = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$")]


class SecondPlace(BaseModel):
    """Where a copy of the whole repository is kept; it is encrypted before it leaves the backup host."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["directory", "s3", "sftp"]
    path: str
    """Of a directory, or of a bucket and what is in it."""
    endpoint: str | None = None
    """Of a store that speaks S3: its URL."""
    region: str | None = None
    host: str | None = None
    """Of a server that speaks SFTP."""
    user: str | None = None
    host_key: str | None = None
    """Its public key, as ssh-keyscan(1) prints it, without the name."""

    @model_validator(mode="after")
    def _complete(self) -> SecondPlace:
        needed = {"directory": (), "s3": ("endpoint",), "sftp": ("host", "user", "host_key")}[self.type]
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"a second place of type {self.type} needs {' and '.join(missing)}")
        return self


SECRETS_OF = {"directory": (), "s3": ("BACKUP_S3_KEY", "BACKUP_S3_SECRET"), "sftp": ("BACKUP_SFTP_PASSWORD",)}
"""What .env must have for each type of a second place."""


class OfSecondPlace(Data):
    """group_data/all.py"""

    backup_second_place_port: Port | None = value(
        "port of the server of a second place, which the firewall lets the backup host reach; None: 443, or no server"
    )


class Backups(Data):
    """group_data/backups.py"""

    backup_directory: Directory = value("directory of the repository; a disk of its own may be mounted there")
    backup_full_at: str = value("when a full backup is made, as systemd.time(7) writes it", pattern=r"^[\w*:,./ -]+$")
    backup_differential_at: str = value("and when one of what changed since", pattern=r"^[\w*:,./ -]+$")
    backup_state_at: str = value("when the state of services is fetched", pattern=r"^[\w*:,./ -]+$")
    backup_retention: Duration = value("how long it must be possible to go back", ge=86400)
    backup_wal_interval: Duration = value("what is written is in the repository within this time", ge=10)
    backup_wal_maximum_age: Duration = value("a unit fails where the repository lacks what was written before")
    backup_maximum_age: Duration = value("and where the newest backup is older")
    backup_restore_directory: Directory = value("directory in which clusters are restored; as large as a whole one")
    backup_drill_at: str = value("when the newest backup is restored to prove it", pattern=r"^[\w*:,./ -]+$")
    backup_drill_maximum_age: Duration = value("how old the last such drill may be before status calls it wrong")
    backup_proof_query: str | None = value("query that a restored cluster must answer with a row; None: none")
    backup_second_place: SecondPlace | None = value("where a copy of the repository is kept; None: nowhere")
    backup_second_place_interval: Duration = value("how often it is brought up to date", ge=60)
    backup_on_postgres_host: bool = value(
        "whether a Postgres host may hold the backups: who takes it over can then delete them"
    )


def problems(site: Site) -> Iterator[str]:
    """What is wrong although every value by itself is allowed."""
    holders = site.group("backups")
    if len(holders) > 1:
        names = ", ".join(holder.name for holder in holders)
        yield (
            f"the inventory's group backups has {len(holders)} hosts ({names}), and each would make the primary keep "
            "WAL: name one, and give it a second repository."
        )
    for holder in holders:
        data = holder.data(Backups)
        if "postgres" in holder.groups and not data.backup_on_postgres_host:
            yield (
                f"{holder.name} is in the groups backups and postgres: who takes over a Postgres host could delete the "
                "backups, and one disk would hold both. Name another host, or accept it with "
                "backup_on_postgres_host = True."
            )
        place = data.backup_second_place
        for name in SECRETS_OF[place.type] if place else ():
            if name not in site.secrets:
                yield f".env.{site.shared.environment}: {name} is missing, and backup_second_place needs it."
        opened = site.data(OfSecondPlace).backup_second_place_port
        if place and place.type == "sftp" and not opened:
            yield "backup_second_place of type sftp needs backup_second_place_port, such as 22."
        port = urlsplit(place.endpoint or "").port if place and place.type == "s3" else None
        if port not in (None, 80, 443, opened):
            yield f"backup_second_place.endpoint is at port {port}: give backup_second_place_port the same."
        if data.backup_wal_maximum_age < 2 * data.backup_wal_interval:
            yield (
                "backup_wal_maximum_age (in group_data/backups.py) must be at least twice backup_wal_interval, "
                "or it would be exceeded between two archivings."
            )


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """A Debian without what a restored cluster needs; of a Postgres host its own role says it."""
    if "postgres" not in host.groups:
        yield from vectors.obstacles(site, host, machine)


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it asks the hosts that it backs up, read for each connection."""
    yield of_host(host, "client", CREDENTIALS, group=USER, mode="640")


DECLARATION = Declaration(
    title="Backup",
    group="backups",
    required=False,
    model=Backups,
    shared=OfSecondPlace,
    # Of Postgres' own packages the server, too: clusters are restored here.
    packages=("pgbackrest", "postgresql", "postgresql-client", "python3", "rclone", "restic"),
    preseeds={"/etc/postgresql-common/createcluster.d/tracseq-backup.conf": "create_main_cluster = false\n"},
    secrets={"BACKUP_PASSPHRASE": 20},
    optional_secrets={"BACKUP_S3_KEY": 8, "BACKUP_S3_SECRET": 16, "BACKUP_SFTP_PASSWORD": 12},
    rules=(Rule(source="backups", destination="anywhere", ports=("backup_second_place_port",)),),
    after=("postgres", "redis"),
    traces=("/etc/pgbackrest/pgbackrest.conf",),
    units=("tracseq-wal-receive.service", "tracseq-wal-push.service"),
    credentials=credentials,
    on_host=vectors.on_host,
    problems=problems,
    obstacles=obstacles,
)
