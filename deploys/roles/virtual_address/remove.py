"""What a host gives back that shares no address any more."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.virtual_address import UNIT
from deploys.operations import role
from deploys.roles.virtual_address.apply import CONFIGURATION, HANDS_OVER, METRICS, PROGRAM, USERS
from deploys.roles.virtual_address.declaration import DECLARATION


@deploy("Virtual address")
def remove(run: Run) -> None:
    """Have no keepalived run here: it takes the address away as it ends."""
    role.removed(
        name="keepalived is gone",
        units=[UNIT],
        paths=[
            f"/var/lib/tracseq/applied/{UNIT}",
            "/var/lib/tracseq/applied/virtual-address",
            "/var/lib/tracseq/applied/virtual-address-network",
            *(
                f"/etc/systemd/network/{file.rpartition('/')[2]}.d/tracseq-virtual-address.conf"
                for file in run.machine.network_files.values()
            ),
            CONFIGURATION,
            PROGRAM,
            HANDS_OVER,
            USERS,
            METRICS.rpartition("/")[0],
            *DECLARATION.traces,
        ],
    )
