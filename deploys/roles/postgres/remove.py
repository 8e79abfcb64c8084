"""What a replica that is no Postgres host any more gives back; a primary is refused before (leaving.py)."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.facts.postgres.state import DATA
from deploys.operations import role
from deploys.operations.postgres import shell
from deploys.roles.postgres import fence
from deploys.roles.postgres.declaration import CREDENTIALS, PRESEED


@deploy("Postgres")
def remove(run: Run) -> None:
    """Have no Postgres run here, and no password of the others; its copy of the data stays."""
    version = run.topology.version
    role.removed(
        name="Postgres is gone",
        units=[fence.PATH_UNIT, fence.TIMER, shell.unit(version)],
        paths=[
            f"/var/lib/tracseq/applied/{shell.unit(version)}",
            *fence.left(version),
            # Without it Debian's generator would start the cluster at boot (pg_createcluster(1), start.conf).
            f"/etc/postgresql/{version}/main",
            PRESEED,
            CREDENTIALS,
        ],
        data=[f"{DATA}/{version}/main"],
    )
