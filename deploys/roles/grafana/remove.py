"""What a host gives back that has no Grafana any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.grafana.declaration import DECLARATION, DIRECTORY, UNIT


@deploy("Grafana")
def remove(run: Run) -> None:
    """Have no Grafana run here; its package and what people made in it stay."""
    role.removed(
        name="Grafana is gone",
        units=[UNIT],
        paths=[f"/var/lib/tracseq/applied/{UNIT}", DIRECTORY, *DECLARATION.traces],
        data=["/var/lib/grafana"],
    )
