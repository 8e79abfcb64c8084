"""The guard of a host: nginx with TLS on both sides, apart from any that serves users."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import deploy

from deploys.controller import credentials
from deploys.controller.run import Run
from deploys.controller.services import guards
from deploys.controller.templates import render
from deploys.operations import nginx, role, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.guard.declaration import DIRECTORY, NAME, UNIT

TRIES = 50
"""Of looking whether it listens, a fifth of a second apart: nginx itself tries to get a port for 2.5 s."""


@deploy("Guard")
def apply(run: Run) -> None:
    """Have the services of this host that authenticate nobody be reached by those alone that are to reach them."""
    if "load_balancers" not in run.host.groups:
        # Its package has it start with the host, and listen at port 80.
        role.removed(name="Debian's own nginx does not run", units=["nginx.service"], paths=[])
    guarded = list(guards.of_host(run.site, run.host))
    begun = started([one.port for one in guarded])
    service.configured(
        name="nginx before services that authenticate nobody",
        unit=Unit(UNIT, start=begun, restart=begun),
        files=[
            # It gets all of these when it starts, and can read none itself.
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate, restart=True),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(
                f"{DIRECTORY}/nginx.conf",
                render("guard/nginx.conf.j2", guarded=guarded),
                restart=True,
            ),
            File(f"{UNITS}/{UNIT}", render("guard/service.j2", name=NAME, directory=DIRECTORY), restart=True),
        ],
        validate=nginx.checked(f"{DIRECTORY}/nginx.conf"),
    )


def started(ports: Sequence[int]) -> str:
    """
    Shell: start it anew; systemd takes it for started before it knows whether it got its ports.

    Args:
        ports: those that it listens on
    """
    listens = 'ss -Hltnp "sport = :$port" | grep --quiet \'"nginx"\''
    return (
        f"systemctl restart {UNIT} && ( tries=0; for port in {' '.join(map(str, ports))}; do until {listens}; do "
        f'[ $tries -lt {TRIES} ] || {{ echo "nginx does not listen on port $port." >&2; exit 1; }}; '
        "tries=$((tries + 1)); sleep 0.2; done; done )"
    )
