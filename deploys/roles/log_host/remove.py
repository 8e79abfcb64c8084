"""What a host that is the log host no more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import logs
from deploys.controller.run import Run
from deploys.facts.restore import LIBRARY
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.log_host.declaration import DECLARATION, DIRECTORY, FRONT, RECEIVERS

PROGRAM = "/usr/local/sbin/tracseq-logs"
SEARCH = "tracseq_logs"
SOCKETS = "/run/tracseq-journal"
VACUUM = "tracseq-logs-vacuum"
VACUUM_PROGRAM = f"/usr/local/sbin/{VACUUM}"
ROTATE_PROGRAM = "/usr/local/sbin/tracseq-logs-rotate"


@deploy("Log host")
def remove(run: Run) -> None:
    """Have nobody's journal received here; what was received stays."""
    role.removed(
        name="It receives nobody's journal",
        units=[f"{VACUUM}.timer", f"{FRONT}.service", RECEIVERS],
        paths=[
            *(f"/var/lib/tracseq/applied/{unit}" for unit in (f"{VACUUM}.timer", f"{FRONT}.service", RECEIVERS)),
            "/var/lib/tracseq/applied/logs",
            f"{UNITS}/{VACUUM}.timer",
            f"{UNITS}/{VACUUM}.service",
            VACUUM_PROGRAM,
            ROTATE_PROGRAM,
            PROGRAM,
            f"{LIBRARY}/{SEARCH}",
            f"{UNITS}/{RECEIVERS}",
            f"{UNITS}/tracseq-journal@.socket",
            f"{UNITS}/tracseq-journal@.service",
            SOCKETS,
            DIRECTORY,
            *DECLARATION.traces,
        ],
        data=[logs.KEPT],
    )
