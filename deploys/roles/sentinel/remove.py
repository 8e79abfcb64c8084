"""What a host gives back that has no Sentinel any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.facts.redis_member import SENTINEL_CONFIGURATION, STATE
from deploys.operations import role
from deploys.roles.sentinel.declaration import ACL, DECLARATION, UNIT


@deploy("Redis Sentinel")
def remove(run: Run) -> None:
    """Have no Sentinel run here, and a server that begins anew whom it follows."""
    role.removed(
        name="Sentinel is gone",
        units=[UNIT],
        paths=[f"/var/lib/tracseq/applied/{UNIT}", SENTINEL_CONFIGURATION, ACL, STATE, *DECLARATION.traces],
    )
