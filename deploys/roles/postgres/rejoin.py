"""Former primaries come back as replicas: each as it is, rewound, or with its data out of the way of a copy."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.postgres.rejoin import Way
from deploys.controller.postgres.rejoining import Rejoin
from deploys.engine.barrier import barrier
from deploys.operations.postgres import former, primary
from deploys.roles.postgres import server
from deploys.roles.postgres.configuration import primary_connection


def apply(rejoin: Rejoin) -> None:
    """Have the hosts that come back ready to be a replica of the primary; it is as it should be already."""
    host = rejoin.run.host.name
    if host == rejoin.run.topology.primary and rejoin.ways:
        source(rejoin=rejoin)
    barrier(name="The primary has its timeline on its disk")
    if host in rejoin.ways:
        comes_back(rejoin=rejoin)


@deploy("Rejoin")
def source(rejoin: Rejoin) -> None:
    """Have the primary say on its disk which timeline it is on."""
    primary.recorded(
        name=f"{rejoin.run.topology.primary} has its timeline on its disk", version=rejoin.run.topology.version
    )


@deploy("Rejoin")
def comes_back(rejoin: Rejoin) -> None:
    """Have a former primary's data be a replica's, or out of the way; nothing that only it has is lost."""
    run = rejoin.run
    name, version = run.host.name, run.topology.version
    way = rejoin.ways[name]
    if way is Way.AS_IT_IS:
        primary.demoted(
            name=f"{name} is a replica of {run.topology.primary}",
            version=version,
            server=run.site.host(run.topology.primary).target,
        )
    if way is Way.COPIED:
        former.set_aside(name=f"The data of {name} is kept, out of the way of a copy", version=version)
    if way in (Way.REWOUND, Way.PLACED):
        server.connection(run)
        former.copied(name=f"Copy of the data of {name} (takes as long as its disk takes)", version=version)
        former.rewound(
            name=f"The copy is rewound to where {run.topology.primary} went on, and takes the place of the data",
            version=version,
            primary=f"{primary_connection(run.site, run.host)} dbname=postgres",
        )
