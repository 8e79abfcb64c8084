"""What a host gives back whose server Patroni keeps no more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import patroni
from deploys.controller.run import Run
from deploys.facts.patroni import CONFIGURATION, CREDENTIALS
from deploys.operations import role
from deploys.operations.service import UNITS


@deploy("Patroni")
def remove(run: Run) -> None:
    """Have no Patroni run here; deploys/postgres_failover.py has given its server back before."""
    role.removed(
        name="Patroni is gone",
        units=[patroni.UNIT],
        paths=[
            f"/var/lib/tracseq/applied/{patroni.UNIT}",
            f"{UNITS}/{patroni.UNIT}.d",
            "/etc/tmpfiles.d/tracseq-patroni.conf",
            "/var/lib/tracseq/applied/patroni",
            patroni.DIRECTORY,
            CREDENTIALS,
            CONFIGURATION,
        ],
    )
