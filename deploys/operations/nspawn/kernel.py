"""What this machine's kernel must allow for, so that the lab's machines find room on it."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.nspawn import Limit
from deploys.settings import lab

INSTANCES = "/proc/sys/fs/inotify/max_user_instances"
"""How many watches on directories root may have opened, in all machines together (inotify(7))."""
FOR_THIS_MACHINE = 128
FOR_EACH = 16
"""How many a machine's systemd and the services of a site open, with room to spare."""
BEFORE = lab.DIRECTORY / "max_user_instances"


@operation()
def room_for(machines: int) -> Generator[StringCommand]:
    """
    Have the kernel let this many machines watch their directories; what it allowed before is kept.

    Without, systemd does not boot in the twentieth.

    + machines: how many
    """
    needed = FOR_THIS_MACHINE + FOR_EACH * machines
    if host.get_fact(Limit, path=INSTANCES) >= needed:
        host.noop(f"there is room for {machines} machines")
        return
    yield StringCommand(
        f"install -d -m 0755 {lab.DIRECTORY} && {{ [ -e {BEFORE} ] || cat {INSTANCES} > {BEFORE}; }}"
        f" && echo {needed} > {INSTANCES}"
    )


@operation()
def as_before() -> Generator[StringCommand]:
    """Have the kernel allow what it did before the lab."""
    before = host.get_fact(Limit, path=str(BEFORE))
    if not before:
        host.noop("the lab has changed nothing")
        return
    yield StringCommand(f"echo {before} > {INSTANCES} && rm {BEFORE}")
