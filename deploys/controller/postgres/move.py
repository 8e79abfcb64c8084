"""Who keeps the servers, Debian's units or Patroni: a running site goes from the one to the other by its own run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import patroni, preflight
from deploys.controller.postgres import keeper, leaving, servers
from deploys.controller.run import Run, opened
from deploys.engine.per_run import PerRun
from deploys.facts.machine import MachineState
from deploys.facts.postgres.state import ServerState
from deploys.settings.site import Site


class MoveError(PyinfraError):
    """The servers cannot be moved now; its text says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} No host was changed.")


@dataclass(frozen=True)
class Move:
    """A move of the servers to whom the data asks for, and the run that makes it."""

    run: Run
    to_patroni: bool


def begin() -> Move:
    """
    The move that the data asks for; what was found and is done is said.

    Raises:
        MoveError: where a server is missing.
        PyinfraError: where another run is at work, or something would stop a deploy.
    """
    return _move()


def _begun() -> Move:
    begun = opened()
    preflight.check(begun.site, begun.machines)
    leaving.check(begun.site, begun.machines)
    topology = servers.decided(begun.site, begun.readings)
    found = sentences(begun.site, begun.machines, topology.servers, topology.primary)
    for sentence in found:
        logger.warning(sentence)
    return Move(begun.run(topology), patroni.keeps(begun.site))


def sentences(
    site: Site, machines: Mapping[str, MachineState], found: Mapping[str, ServerState], primary: str
) -> tuple[str, ...]:
    """
    What was found, and what is done.

    Args:
        site: the site
        machines: the hosts of the run as they were found
        found: what was read of each Postgres host
        primary: the host that is the primary
    """
    concerned = [host.name for group in ("postgres", "etcd") for host in site.group(group)]
    if missing := [name for name in dict.fromkeys(concerned) if name not in machines]:
        raise MoveError(f"{', '.join(missing)}: a move needs every host with Postgres or etcd.")
    kept = {name for name in found if "patroni" in machines[name].roles}
    if not patroni.keeps(site) and kept and not site.group("etcd"):
        raise MoveError(
            "The inventory must keep its group etcd until the servers are moved: Patroni is told through it."
        )
    replicas = ", ".join(name for name in found if name != primary) or "nobody"
    keepers = {True: "Patroni", False: "Debian's units"}
    now = " and ".join(f"{', '.join(names)} by {who}" for who, names in _by_keeper(found, kept) if names)
    said = f"{primary} is the primary, {replicas} follows it. Kept are {now or 'none'}."
    if not keeper.others(site, machines, found):
        return (said, f"That is as the data has it: {keepers[patroni.keeps(site)]}. Nothing is moved.")
    return (
        said,
        f"Each server is stopped and started by {keepers[patroni.keeps(site)]}, the primary first. Writes wait for 10 "
        "to 30 seconds, and nothing that was acknowledged is lost.",
    )


def _by_keeper(found: Mapping[str, ServerState], kept: set[str]) -> tuple[tuple[str, list[str]], ...]:
    with_data = [name for name, server in found.items() if server.cluster]
    return (
        ("Patroni", [name for name in with_data if name in kept]),
        ("Debian's units", [name for name in with_data if name not in kept]),
    )


_move = PerRun(_begun)
