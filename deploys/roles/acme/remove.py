"""What a load balancer gives back whose certificate comes by ACME no more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import acme
from deploys.controller.acme import CERTIFICATE, KEPT, SHOWN, STATE, TLS, UNIT
from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.acme.declaration import DECLARATION

DIRECTORY = "/etc/tracseq/acme"
PROGRAM = "/usr/local/lib/tracseq/tracseq_acme.py"
USERS = "/etc/sysusers.d/tracseq-acme.conf"


@deploy("ACME")
def remove(run: Run) -> None:
    """Have nobody ask any more; nginx shows what it has otherwise."""
    role.removed(
        name="Nobody asks for a certificate",
        units=[f"{UNIT}.timer", f"{UNIT}.service", f"{UNIT}-shown.service"],
        paths=[
            f"/var/lib/tracseq/applied/{UNIT}.timer",
            "/var/lib/tracseq/applied/acme-user",
            "/var/lib/tracseq/applied/shown-certificate",
            f"{UNITS}/{UNIT}.service",
            f"{UNITS}/{UNIT}-shown.service",
            f"/var/lib/systemd/timers/stamp-{UNIT}.timer",
            PROGRAM,
            acme.PROGRAM,
            DIRECTORY,
            USERS,
            STATE,
            SHOWN,
            CERTIFICATE,
            f"{TLS}/site",
            KEPT,
            *DECLARATION.traces,
        ],
    )
