"""What a host gives back that has no pages any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.pages.declaration import DECLARATION, DIRECTORY, UNIT


@deploy("Pages")
def remove(run: Run) -> None:
    """Have no pages here; what was measured is Prometheus' and stays."""
    role.removed(
        name="Pages are gone",
        units=[UNIT],
        paths=[f"/var/lib/tracseq/applied/{UNIT}", DIRECTORY, *DECLARATION.traces],
    )
