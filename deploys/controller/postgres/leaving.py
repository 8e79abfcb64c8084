"""A host that is to be no Postgres host any more: refused where it would take the site's data with it."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api.exceptions import PyinfraError

from deploys.engine import hosts
from deploys.facts.machine import MachineState
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import ServerState
from deploys.settings.site import Site


def check(site: Site, machines: Mapping[str, MachineState]) -> None:
    """
    Go on only where each host that leaves the group is a replica of one that stays, or has no data.

    Args:
        site: the site
        machines: the hosts as they were found

    Raises:
        PyinfraError: naming the hosts that cannot leave, and why.
    """
    leaving = [
        name
        for name, found in machines.items()
        if "postgres" in found.roles and "postgres" not in site.host(name).groups
    ]
    refused = [sentence for name in leaving if (sentence := _refusal(name, hosts.read(site.host(name).target, Server)))]
    if refused:
        listed = "\n".join(f"  - {sentence}" for sentence in refused)
        raise PyinfraError(f"These hosts cannot leave the group postgres, and no host was changed:\n{listed}")


def _refusal(name: str, server: ServerState) -> str | None:
    cluster = server.cluster
    if cluster is None or cluster.replica:
        return None
    part = "is the primary" if cluster.running else "was a primary, and its data may be on no other host"
    return (
        f"{name} {part}. Keep it in the inventory's group postgres, promote a replica, let a run make it one itself, "
        "and take it out of the group then."
    )
