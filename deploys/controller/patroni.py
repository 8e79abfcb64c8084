"""What Patroni, and what it keeps, must agree on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deploys.facts.postgres.state import CLUSTER
from deploys.settings.site import Site

UNIT = "patroni.service"
NAMESPACE = "/tracseq/"
"""Below it are Patroni's keys in etcd."""
DIRECTORY = "/var/lib/patroni"
"""Where a host's Patroni writes the file that its server is started with."""


def keeps(site: Site) -> bool:
    """Whether Patroni keeps the servers of a site."""
    return bool(site.group("patroni"))


def scope(version: int) -> str:
    """
    What Patroni calls the servers of one system; another version's are another system.

    Args:
        version: of Postgres
    """
    return f"{version}-{CLUSTER}"


def slot(host: str) -> str:
    """
    The slot that Patroni makes for a member.

    Args:
        host: its name in the inventory
    """
    return re.sub(r"[-.]", "_", host.lower())


def slots(site: Site) -> Sequence[str]:
    """Those of all members."""
    return [slot(host.name) for host in site.group("postgres")]


def keys(version: int) -> str:
    """
    Below what its keys are in etcd.

    Args:
        version: of Postgres
    """
    return f"{NAMESPACE}{scope(version)}/"
