"""What a host that is no load balancer any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import role
from deploys.roles.load_balancer.declaration import DECLARATION


@deploy("Load balancer")
def remove(run: Run) -> None:
    """Have no nginx run here; its logs stay."""
    role.removed(
        name="nginx is gone",
        units=["nginx.service"],
        paths=[
            "/var/lib/tracseq/applied/nginx.service",
            "/etc/nginx/conf.d/tracseq.conf",
            "/etc/nginx/tls",
            *DECLARATION.traces,
        ],
        data=["/var/log/nginx"],
    )
