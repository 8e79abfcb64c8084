"""Units of a host that is out for maintenance: stopped, kept from starting, and started again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.maintenance import DIRECTORY, HELD, UNITS, Held, HeldState
from deploys.operations.drain import Drain, drained
from deploys.operations.script import script


@operation
def stopped(units: Sequence[str], note: str, drain: Drain | None = None, before: str | None = None) -> Steps:
    """
    Have units stopped, and neither a boot nor anybody start them while a host is out.

    It is a condition of the units themselves, which holds as long as the note is on the host.

    + units: canonical names, in the order in which they stop; those that neither run nor start at boot stay as they are
    + note: name of the note, which is the host's
    + drain: what the host's gateway has begun may end first; None: it has none
    + before: shell that is run before any of them stops, such as what has another host take over

    **Example:**

    .. code:: python

        maintenance.stopped(name="redis1 is out", units=["redis-server.service"], note="redis1")
    """
    current: HeldState = yield Reading(Held, units=tuple(units))
    hold = [unit for unit in units if unit in current.active | current.enabled and unit not in current.held]
    stop = [unit for unit in units if unit in current.active]
    if not hold and not stop:
        host.noop("its units are stopped, and held")
        return
    lines = []
    for unit in hold:
        directory = shlex.quote(f"{UNITS}/{unit}.d")
        text = f"[Unit]\\nConditionPathExists=!{DIRECTORY}/{note}\\n"
        lines += [f"mkdir -p {directory}", f"printf {shlex.quote(text)} > {directory}/{HELD}"]
    if before and stop:
        yield script(before)
    with drained(drain if stop else None):
        yield script(*lines, "systemctl daemon-reload", *(f"systemctl stop {shlex.quote(unit)}" for unit in stop))


@operation
def started(units: Sequence[str]) -> Steps:
    """
    Have units start again that were held while their host was out.

    + units: canonical names, in the order in which they start

    **Example:**

    .. code:: python

        maintenance.started(name="redis1 may start", units=["redis-server.service"])
    """
    current: HeldState = yield Reading(Held, units=tuple(units))
    held = [unit for unit in units if unit in current.held]
    if not held:
        host.noop("none of its units is held")
        return
    quoted = [shlex.quote(unit) for unit in held]
    lines = []
    for unit in quoted:
        lines += [f"rm {UNITS}/{unit}.d/{HELD}", f"rmdir --ignore-fail-on-non-empty {UNITS}/{unit}.d"]
    yield script(*lines, "systemctl daemon-reload", *(f"systemctl start {unit}" for unit in quoted))
