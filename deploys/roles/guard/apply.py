"""The guard of a host: nginx with TLS on both sides, apart from any that serves users."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import guards
from deploys.controller.templates import render
from deploys.operations import nginx, role, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.guard.declaration import DIRECTORY, NAME, UNIT


@deploy("Guard")
def apply(run: Run) -> None:
    """Have the services of this host that authenticate nobody be reached by those alone that are to reach them."""
    if "load_balancers" not in run.host.groups:
        # Its package has it start with the host, and listen at port 80.
        role.removed(name="Debian's own nginx does not run", units=["nginx.service"], paths=[])
    own = run.authority.of_host(run.host)
    service.configured(
        name="nginx before services that authenticate nobody",
        unit=Unit(UNIT),
        files=[
            # It gets all of these when it starts, and can read none itself.
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate, restart=True),
            File(f"{DIRECTORY}/server.crt", own.certificate, restart=True),
            File(f"{DIRECTORY}/server.key", own.key, mode="600", secret=True, restart=True),
            File(
                f"{DIRECTORY}/nginx.conf",
                render("guard/nginx.conf.j2", guarded=list(guards.of_host(run.site, run.host))),
                restart=True,
            ),
            File(f"{UNITS}/{UNIT}", render("guard/service.j2", name=NAME, directory=DIRECTORY), restart=True),
        ],
        purged=[DIRECTORY],
        validate=nginx.checked(f"{DIRECTORY}/nginx.conf"),
    )
