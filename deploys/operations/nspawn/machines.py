"""Machines of the lab: there and running, or gone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.nspawn import Machines
from deploys.operations.nspawn import boot
from deploys.settings import lab


@operation()
def booted(
    wanted: Sequence[lab.Machine], roots: Mapping[str, str], owner: int | None = None
) -> Generator[StringCommand]:
    """
    Machines that run and answer SSH.

    A machine that was killed, or whose process died with its mounts left behind, boots again
    from its own disk. One that was made from another root file system is made anew.

    + wanted: the machines
    + roots: for each suite the key of its root file system
    + owner: process id for which they run; where it dies without taking them away, the next lab
      does. None: they stay until they are taken away

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
        steps = [boot.stop(machine.name), boot.make(machine, root) if fresh else "", boot.own(machine, owner)]
        yield StringCommand("set -eu", *steps, boot.start(machine, root), _separator="\n")
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
        host.noop("none of these machines exists")
        return
    yield _gone(names)


@operation()
def orphans_absent() -> Generator[StringCommand]:
    """
    Machines are gone whose owner has died without taking them away, such as a bench that was killed.

    **Example:**

    .. code:: python

        machines.orphans_absent(name="What a bench that was killed has left is gone")
    """
    current = host.get_fact(Machines, directory=str(lab.DIRECTORY / "machines"))
    names = [name for name, machine in current.items() if machine.orphaned]
    if not names:
        host.noop("no machine has lost its owner")
        return
    yield _gone(names)


def _gone(names: Sequence[str]) -> StringCommand:
    """Stop machines and delete their disks, all at the same time."""
    jobs = [f"(\n{boot.stop(name)}\nrm -rf {lab.machine_directory(name)}\n) &" for name in names]
    return StringCommand(*jobs, "wait", _separator="\n")
