"""What a host gives back that has no pool any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.postgres import shell
from deploys.operations.service import UNITS
from deploys.roles.pool.declaration import DECLARATION


@deploy("Pool")
def remove(run: Run) -> None:
    """Have no pool run here; its package stays."""
    role.removed(
        name="Pool is gone",
        units=["pgbouncer.service"],
        paths=[
            "/var/lib/tracseq/applied/pgbouncer.service",
            f"{UNITS}/{shell.unit(run.topology.version)}.d/tracseq-pool.conf",
            "/usr/local/sbin/tracseq-pool",
            "/etc/sysusers.d/tracseq-pool.conf",
            "/etc/tracseq/pool",
            *DECLARATION.traces,
        ],
    )
