"""Hosts with a member of etcd."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.facts.etcd import CREDENTIALS
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site


class Etcd(Data):
    """group_data/etcd.py"""

    etcd_directory: str = value("where its data is", pattern=r"^/[A-Za-z0-9/._-]+$")


MEMBERS = (3, 5, 7)
"""How many members make sense: one more than an even number adds none that may fail."""


def problems(site: Site) -> Iterator[str]:
    """Members that have no majority when one of them is gone, or that are too many."""
    members = site.group("etcd")
    if members and len(members) not in MEMBERS:
        yield (
            f"the inventory's group etcd has {len(members)} hosts ({', '.join(host.name for host in members)}): only a "
            "majority decides, and of one or two hosts there is none when one is gone. Name three (or five) hosts of "
            "the site; they may have other roles."
        )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """Of the member, read for each connection."""
    yield of_host(host, "member", CREDENTIALS, owner="etcd", group="etcd")


DECLARATION = Declaration(
    title="etcd",
    group="etcd",
    required=False,
    model=Etcd,
    packages=("etcd-server", "etcd-client"),
    listeners=(Listener("etcd_client_port", ("etcd",)), Listener("etcd_peer_port", ("etcd",))),
    rules=(
        Rule(source="etcd", destination="etcd", ports=("etcd_client_port", "etcd_peer_port")),
        Rule(source="patroni", destination="etcd", ports=("etcd_client_port",)),
    ),
    traces=(f"{CREDENTIALS}/member.crt",),
    units=("etcd.service",),
    certificates=(f"{CREDENTIALS}/authority.crt",),
    credentials=credentials,
    problems=problems,
)
