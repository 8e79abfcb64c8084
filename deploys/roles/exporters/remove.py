"""What a host gives back that nobody asks any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import exporters
from deploys.controller.run import Run
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.exporters.declaration import DECLARATION, DIRECTORY

CERTIFICATES = "tracseq-certificates"
PROGRAM = f"/usr/local/sbin/{CERTIFICATES}"
LINK = "/var/lib/tracseq-collectors/state"
"""What Debian's collectors leave, beside what programs of the site do."""
UPDATES = f"{exporters.NODE}-apt.timer"
PROGRAMS = ("prometheus-exporter-exporter", exporters.NODE, exporters.POSTGRES, exporters.REDIS, exporters.MTAIL)

SPECIAL = (exporters.POSTGRES, exporters.REDIS, exporters.MTAIL)
"""Exporters of what only some hosts have."""


def of(program: str) -> list[str]:
    """The files of an exporter, what it logs in with or counts by among them."""
    own = {exporters.POSTGRES: "postgres.password", exporters.REDIS: "redis.json", exporters.MTAIL: "mtail"}
    return [
        f"/var/lib/tracseq/applied/{program}.service",
        *([f"{DIRECTORY}/{own[program]}"] if program in own else []),
        f"{UNITS}/{program}.service.d/tracseq.conf",
    ]


@deploy("Exporters")
def remove(run: Run) -> None:
    """Have no exporter run here; their packages stay."""
    role.removed(
        name="Exporters are gone",
        units=[f"{CERTIFICATES}.timer", UPDATES, *(f"{program}.service" for program in PROGRAMS)],
        paths=[
            f"/var/lib/tracseq/applied/{CERTIFICATES}.timer",
            f"/var/lib/tracseq/applied/{UPDATES}",
            f"{UNITS}/{CERTIFICATES}.timer",
            f"{UNITS}/{CERTIFICATES}.service",
            PROGRAM,
            "/var/lib/tracseq-certificates",
            "/var/lib/tracseq-collectors",
            *(path for program in PROGRAMS for path in of(program)),
            DIRECTORY,
            *DECLARATION.traces,
        ],
    )
