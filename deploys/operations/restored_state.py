"""State of services, put back from the backups where a service has none."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.restored_state import DIRECTORY, RECEIVER, State, StateThere
from deploys.operations.restore import program
from deploys.operations.script import script


@dataclass(frozen=True)
class Receiver:
    """
    A host whose services have state.

    + target: what the inventory calls it
    + name: the name by which the backup host knows it
    + paths: the directories with the state
    """

    target: str
    name: str
    paths: tuple[str, ...]


@operation
def awaited(paths: Sequence[str]) -> Steps:
    """
    Have a host wait for the state of its services, where they have none.

    + paths: the directories with their state

    **Example:**

    .. code:: python

        restored_state.awaited(name="State is awaited", paths=["/var/lib/redis"])
    """
    current: StateThere = yield Reading(State, paths=tuple(paths))
    if current.received or not current.empty:
        host.noop("it is there")
        return
    yield script(
        f"systemctl stop {RECEIVER}",
        f"rm -rf -- {DIRECTORY}",
        f"install --directory --mode=700 {DIRECTORY}",
        f"systemctl start {RECEIVER}",
    )


@operation
def sent(goal: str, to: Sequence[Receiver]) -> Steps:
    """
    Have the state of services sent to their hosts, where they have none.

    + goal: what is gone back to, as JSON
    + to: the hosts

    **Example:**

    .. code:: python

        restored_state.sent(
            name="State of services", goal="{}", to=[Receiver("redis1", "redis1", ("/var/lib/redis",))]
        )
    """
    lines = []
    for one in to:
        there: StateThere = yield Reading(State, server=one.target, paths=one.paths)
        if there.empty and not there.received:
            lines.append(program("state", "send", one.name, goal))
    if not lines:
        host.noop("it is there")
        return
    yield script("cd /", *lines)


@operation
def placed(paths: Sequence[str]) -> Steps:
    """
    Have the state that was sent where its services look for it; what is there is left as it is.

    It gets the owner of the directory that the service's package made. What has no place here is of a site that had
    other software, which is said.

    + paths: the directories with their state

    **Example:**

    .. code:: python

        restored_state.placed(name="State is in its place", paths=["/var/lib/redis"])
    """
    current: StateThere = yield Reading(State, paths=tuple(paths))
    if not current.received:
        host.noop("nothing was sent")
        return
    lines = [
        f"rm -rf -- {DIRECTORY}/whole",
        f"mkdir --mode=700 {DIRECTORY}/whole",
        f"tar --extract --directory={DIRECTORY}/whole --file={DIRECTORY}/received/state.tar",
    ]
    for path in (path for path in paths if path in current.empty):
        quoted, new = shlex.quote(path), shlex.quote(f"{DIRECTORY}/whole{path}")
        lines += [
            f"if [ -d {new} ]; then",
            f"  chown --recursive --no-dereference --reference={quoted} -- {new}",
            f"  cp --archive -- {new} {quoted}.tracseq-new",
            f"  sync -f {quoted}.tracseq-new",
            f"  rmdir {quoted}",
            f"  mv -T -- {quoted}.tracseq-new {quoted}",
            f'elif [ -n "$(ls -A {DIRECTORY}/whole)" ]; then',
            f'  echo "The backup of this host has $(cd {DIRECTORY}/whole; echo var/lib/*) and not {path[1:]}: give the'
            ' data as it was then (redis_software in group_data/all.py). Nothing was put in place." >&2',
            "  exit 1",
            "fi",
        ]
    yield script(*lines, f"rm -rf -- {DIRECTORY}")
