"""What a host that is no Redis host any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.redis import software, tls
from deploys.controller.run import Run
from deploys.facts.redis_software import SOFTWARE, Software
from deploys.operations import role
from deploys.roles.redis.declaration import DECLARATION


@deploy("Redis")
def remove(run: Run) -> None:
    """Have no Redis run here; what it had written stays."""
    both = SOFTWARE.values()
    role.removed(
        name="Redis is gone",
        units=[one.unit for one in both],
        paths=[tls.DIRECTORY, *(path for one in both for path in files(one)), *DECLARATION.traces],
        data=[software.of(run.site.shared).data],
    )


def files(one: Software) -> list[str]:
    """What one of the two servers has here, beside what it is known by."""
    return [f"/var/lib/tracseq/applied/{one.unit}", one.configuration, one.users]
