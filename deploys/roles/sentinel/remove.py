"""What a host gives back that has no Sentinel any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.facts.redis_software import SOFTWARE, Software
from deploys.operations import role
from deploys.roles.sentinel.declaration import DECLARATION


@deploy("Redis Sentinel")
def remove(run: Run) -> None:
    """Have no Sentinel run here, and a server that begins anew whom it follows."""
    role.removed(
        name="Sentinel is gone",
        units=[one.sentinel_unit for one in SOFTWARE.values()],
        paths=[*(path for one in SOFTWARE.values() for path in files(one)), *DECLARATION.traces],
    )


def files(one: Software) -> list[str]:
    """What the Sentinel of one of the two servers has here, beside what it is known by."""
    return [
        f"/var/lib/tracseq/applied/{one.sentinel_unit}",
        one.sentinel_configuration,
        one.sentinel_users,
        one.state,
    ]
