"""The lab itself: a network, a root file system a Debian release, and the machines."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host
from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from deploys.facts.nspawn import DebianArchive, Obstacles
from deploys.operations import packages
from deploys.operations.nspawn import kernel, network, root_filesystem
from deploys.operations.nspawn import machines as nspawn_machines
from deploys.settings import declarations, lab, secrets

NEEDED_HERE = ("systemd-container", "mmdebstrap", "iproute2", "iptables", "openssh-client")
BARE_MACHINE = (
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "iproute2",
    "ca-certificates",
    "debian-archive-keyring",
)


@deploy("Lab")
def up(machines: Sequence[lab.Machine], owner: int | None = None) -> None:
    """
    Have these machines booted and answering SSH, whatever was left of an earlier lab.

    Args:
        machines: the machines
        owner: process id for which they run; None where they stay
    """
    obstacles = host.get_fact(Obstacles)
    if obstacles:
        raise PyinfraError("The lab cannot run here.\n" + "\n".join(f"  - {o}" for o in obstacles))
    mirror = lab.mirror()
    archive = [mirror] if mirror else host.get_fact(DebianArchive)
    suites = sorted({machine.suite for machine in machines})

    packages.installed(name="Tools of the lab on this machine", packages=NEEDED_HERE)
    network.bridge(name="Network of the lab")
    kernel.room_for(name="Room for the machines", machines=len(machines))
    network.ssh_identity(name="Key pair to log in with")
    for suite in suites:
        root_filesystem.cached(
            name=f"Root file system of Debian {suite} (the first time takes a minute)",
            suite=suite,
            include=BARE_MACHINE,
            keep=declarations.packages(),
            archive=archive,
        )
    nspawn_machines.orphans_absent(name="What a bench that was killed has left is gone")
    nspawn_machines.booted(
        name="Machines boot",
        wanted=machines,
        owner=owner,
        roots={suite: root_filesystem.root_key(suite, declarations.packages(), archive) for suite in suites},
    )
    secrets.invent(".env.lab", declarations.secrets())


@deploy("Lab")
def down(machines: str | None = None) -> None:
    """Have these machines gone; without any named, the whole lab and its network."""
    nspawn_machines.absent(name="Machines are gone", wanted=machines)
    if machines is None:
        kernel.as_before(name="Room that the machines had")
        network.bridge(name="Network of the lab is gone", present=False)
