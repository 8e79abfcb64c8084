"""Machines of the lab: there and running, or gone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.nspawn import Machines
from deploys.operations.nspawn import boot
from deploys.settings import lab


@operation()
def booted(wanted: Sequence[lab.Machine], roots: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Machines that run and answer SSH.

    A machine that was killed, or whose process died with its mounts left behind, boots again
    from its own disk. One that was made from another root file system is made anew.

    + wanted: the machines
    + roots: for each suite the key of its root file system

    **Example:**

    .. code:: python

        machines.booted(name="Machines boot", wanted=[pg2], roots={"bookworm": key})
    """
    current = host.get_fact(Machines, directory=str(lab.DIRECTORY / "machines"))
    down = [
        machine
        for machine in wanted
        if machine.name not in current
        or not current[machine.name].running
        or current[machine.name].root != roots[machine.suite]
    ]
    if not down:
        host.noop("all machines run")
        return
    for machine in down:
        root = roots[machine.suite]
        fresh = machine.name not in current or current[machine.name].root != root
        steps = [boot.stop(machine.name), boot.make(machine, root) if fresh else "", boot.start(machine, root)]
        yield StringCommand("set -eu", *steps, _separator="\n")
    yield StringCommand(*(boot.wait(machine) for machine in down), _separator="\n")


@operation()
def absent(wanted: str | None = None) -> Generator[StringCommand]:
    """
    Machines that are gone, with their disks, mounts and processes.

    + wanted: their names, separated by commas; without it every machine there is

    **Example:**

    .. code:: python

        machines.absent(name="pg2 burns down", wanted="pg2")
    """
    current = host.get_fact(Machines, directory=str(lab.DIRECTORY / "machines"))
    names = [name for name in (wanted.split(",") if wanted else current) if name in current]
    if not names:
        host.noop("none of these machines is there")
    for name in names:
        yield StringCommand(boot.stop(name), f"rm -rf {lab.machine_directory(name)}", _separator="\n")
