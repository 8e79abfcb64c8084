"""A run that is no move leaves the servers with whoever keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api.exceptions import PyinfraError

from deploys.controller import patroni
from deploys.facts.machine import MachineState
from deploys.facts.postgres.state import ServerState
from deploys.settings.site import Site

PATRONICTL = "runuser -u postgres -- patronictl -c /etc/patroni/config.yml"
"""How an administrator speaks to Patroni, as root on a Postgres host."""


def check(site: Site, machines: Mapping[str, MachineState], found: Mapping[str, ServerState]) -> None:
    """
    Go on only where the servers are kept as the data says.

    Args:
        site: the site
        machines: the hosts of the run as they were found
        found: what was read of each Postgres host

    Raises:
        PyinfraError: naming the entry point that moves them.
    """
    if other := others(site, machines, found):
        by, to = ("Debian's units", "Patroni") if patroni.keeps(site) else ("Patroni", "Debian's units")
        raise PyinfraError(
            f"The servers of {', '.join(other)} are kept by {by}, and postgres_failover (in group_data/all.py) asks "
            f"for {to}. To move them restarts them: run deploys/postgres_failover.py, which says what it does. "
            "No host was changed."
        )


def refused(site: Site, instead: str) -> None:
    """
    Go on only where Patroni does not keep the servers.

    Args:
        site: the site
        instead: what is done with Patroni, a sentence

    Raises:
        PyinfraError: saying so.
    """
    if patroni.keeps(site):
        raise PyinfraError(f"Patroni keeps the servers. {instead} No host was changed.")


def others(site: Site, machines: Mapping[str, MachineState], found: Mapping[str, ServerState]) -> tuple[str, ...]:
    """
    The hosts whose server is kept by somebody else than the data asks for.

    Args:
        site: the site
        machines: the hosts of the run as they were found
        found: what was read of each Postgres host
    """
    return tuple(
        name
        for name, server in found.items()
        if name in machines and server.cluster and ("patroni" in machines[name].roles) != patroni.keeps(site)
    )
