"""keepalived: of the load balancers that answer, one has the address that users know."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import virtual_address
from deploys.controller.owner_last import owner_last
from deploys.controller.releases import slots
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.controller.virtual_address import UNIT
from deploys.operations import packages, service, system
from deploys.operations.file_set import File
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.virtual_address.declaration import DECLARATION, DROP_IN, HIGHEST

CONFIGURATION = "/etc/keepalived/keepalived.conf"
PROGRAM = "/usr/local/lib/tracseq/tracseq-balancer-answers"
HANDS_OVER = "/usr/local/lib/tracseq/tracseq-balancer-hands-over"
USER = "keepalived_script"
"""The one that keepalived looks for itself."""
USERS = "/etc/sysusers.d/tracseq-virtual-address.conf"
METRICS = "/var/lib/tracseq-virtual-address/state"
# Version 2.2.7 ends itself by a signal where it is to test scripts of another user.
TEST = "( trap '' TERM; keepalived --config-test )"


def apply(run: Run) -> None:
    """Have the load balancers share the address; the one that has it changes last."""
    owner_last(run, DECLARATION.title, lambda one: share(run=one))


@deploy("Virtual address")
def share(run: Run) -> None:
    """Have a keepalived that asks nginx here, and hears from the other load balancers."""
    site, host = run.site, run.host
    balancers = site.group(virtual_address.GROUP)
    peers = [peer.address for peer in balancers if peer != host]
    own = virtual_address.pairs(site, host)
    shared = [(virtual_address.network(address), run.machine.addresses[mine][0]) for address, mine in own]
    packages.installed(name="Its package", packages=["keepalived"], bundle=run.packages)
    system.configured(
        name="Who asks nginx, and what is measured",
        key="virtual-address",
        files=[
            File(USERS, f'u {USER} - "Scripts of keepalived"\n'),
            File(
                f"{METRICS}/address.prom",
                render("virtual_address/address.prom.j2", addresses=virtual_address.addresses(site)),
            ),
        ],
        apply=f"systemd-sysusers {USERS}",
    )
    if kept := network_files(run):
        system.configured(
            name="systemd-networkd keeps the address",
            key="virtual-address-network",
            files=[File(path, "[Network]\nKeepConfiguration=yes\n") for path in kept],
        )
    service.configured(
        name="keepalived",
        unit=Unit(UNIT, reload=f"systemctl reload {UNIT} && sleep 1 && systemctl is-active --quiet {UNIT}"),
        files=[
            File(
                CONFIGURATION,
                render(
                    "virtual_address/keepalived.conf.j2",
                    name=host.name,
                    priority=HIGHEST - balancers.index(host),
                    address=host.address,
                    interface=run.machine.addresses[host.address][0],
                    peers=peers,
                    shared=shared,
                    user=USER,
                    program=PROGRAM,
                ),
            ),
            File(
                PROGRAM,
                render(
                    "virtual_address/tracseq-balancer-answers.j2",
                    own=f"http://127.0.0.1{virtual_address.PATH}",
                    peers=[f"http://{peer}{virtual_address.PATH}" for peer in peers],
                    # On hosts of their own: where all others are balancers, one that is left must go on.
                    gateways=[
                        # That a connection is made is all that counts.
                        f"http://{gateway.address}:{slot.asked_port}/health"
                        for gateway in site.group("gateways")
                        if gateway not in balancers
                        for slot in slots.known(site.shared)
                    ],
                ),
                mode="755",
            ),
            File(
                HANDS_OVER,
                render("virtual_address/tracseq-balancer-hands-over.j2", addresses=virtual_address.addresses(site)),
                mode="755",
            ),
            File(
                DROP_IN,
                render("virtual_address/keepalived.service.j2", shared=shared, hands_over=HANDS_OVER),
                restart=True,
            ),
        ],
        validate=TEST,
        rolling=Rolling("load_balancers"),
    )


def network_files(run: Run) -> list[str]:
    """The drop-ins of what systemd-networkd sets up interfaces by; none where something else does."""
    interfaces = {run.machine.addresses[mine][0] for _, mine in virtual_address.pairs(run.site, run.host)}
    files = [run.machine.network_files[one] for one in sorted(interfaces) if one in run.machine.network_files]
    return [f"/etc/systemd/network/{file.rpartition('/')[2]}.d/tracseq-virtual-address.conf" for file in files]
