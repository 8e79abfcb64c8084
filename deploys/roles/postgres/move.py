"""The servers go from Patroni back to Debian's units: what comes before they start there, and after."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import etcd
from deploys.controller import patroni as agreement
from deploys.controller.postgres.move import Move
from deploys.engine.barrier import barrier
from deploys.operations.postgres import patroni


def before(move: Move) -> None:
    """Have Patroni give the servers back, where the data asks for Debian's units."""
    if move.to_patroni or "postgres" not in move.run.host.groups:
        return
    paused(move=move)
    barrier(name="Patroni promotes nobody")
    given_back(move=move)
    barrier(name="Patroni has given the servers back")


@deploy("Patroni")
def paused(move: Move) -> None:
    """Have no server promoted while they stop."""
    if move.run.host.name == move.run.topology.primary:
        patroni.paused(name="It promotes nobody any more")


@deploy("Patroni")
def given_back(move: Move) -> None:
    """Have the server stopped in order."""
    patroni.given_back(name="It gives its server back", version=move.run.topology.version)


def after(move: Move) -> None:
    """Have nothing left of Patroni, where the data asks for Debian's units."""
    if not move.to_patroni and "postgres" in move.run.host.groups:
        forgotten(move=move)


@deploy("Patroni")
def forgotten(move: Move) -> None:
    """Have neither its slots nor its keys."""
    site, version = move.run.site, move.run.topology.version
    patroni.forgotten(
        name="Nothing is left of it",
        version=version,
        slots=agreement.slots(site),
        endpoints=etcd.endpoints(site),
        prefix=agreement.keys(version),
    )
