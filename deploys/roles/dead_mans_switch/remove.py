"""What a host gives back that watches over monitoring no more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.alerts import SWITCH
from deploys.controller.run import Run
from deploys.facts.restore import LIBRARY
from deploys.operations import role
from deploys.operations.service import UNITS
from deploys.roles.dead_mans_switch.declaration import DECLARATION, NAME

PROGRAM = f"{LIBRARY}/tracseq_dead_mans_switch.py"
MODULES = (
    "tracseq_dead_mans_switch.py", "tracseq_switch_counts.py", "tracseq_switch_people.py", "tracseq_switch_words.py",
)  # fmt: skip


@deploy("Dead man's switch")
def remove(run: Run) -> None:
    """Have nobody watch over monitoring from here."""
    role.removed(
        name="It asks nobody any more",
        units=[f"{NAME}.timer", f"{NAME}.service"],
        paths=[
            f"/var/lib/tracseq/applied/{NAME}.timer",
            f"{UNITS}/{NAME}.service",
            *(f"{LIBRARY}/{module}" for module in MODULES),
            SWITCH,
            f"/var/lib/private/{NAME}",
            f"/var/lib/{NAME}",
            *DECLARATION.traces,
        ],
    )
