"""By what gateways knew a load balancer goes last: nginx's old workers may still connect with it."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.engine.barrier import barrier
from deploys.operations import role
from deploys.roles.load_balancer.declaration import SHOWN_FILES


def finish(run: Run) -> None:
    """Have load balancers that no longer encrypt what they ask gateways without the certificate for that."""
    if run.site.shared.gateway_tls_port or not run.encryption.otherwise:
        return
    if run.host.groups & {"gateways", "load_balancers"}:
        barrier(name="Load balancers: every gateway is asked in plain text")
    if "load_balancers" in run.host.groups:
        shown_no_more(run=run)


@deploy("Load balancer, afterwards")
def shown_no_more(run: Run) -> None:
    """Have nothing of it here."""
    role.removed(name="What gateways knew it by is gone", units=[], paths=SHOWN_FILES)
