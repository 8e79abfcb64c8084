"""What a host that is no Redis host any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.redis import tls
from deploys.controller.run import Run
from deploys.facts.redis import CONFIGURATION
from deploys.operations import role
from deploys.roles.redis.declaration import DECLARATION, UNIT, USERS


@deploy("Redis")
def remove(run: Run) -> None:
    """Have no Redis run here; what it had written stays."""
    role.removed(
        name="Redis is gone",
        units=[UNIT],
        paths=[f"/var/lib/tracseq/applied/{UNIT}", CONFIGURATION, USERS, tls.DIRECTORY, *DECLARATION.traces],
        data=["/var/lib/redis"],
    )
