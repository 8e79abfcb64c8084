"""
How an operation works: it says what it reads, compares that with what it declares, and says what to do.

    there = yield Reading(Service, unit="nginx.service", ...)
    ...
    yield script(...)

What all operations of a host read is known before the first runs. So it is read in one execution,
which costs little more than a single one of them does: a role that is as it should be costs no
further round trip. What was read is believed until the run changes anything on any host; from
then on a host is asked anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, cast

from gevent.lock import RLock
from pyinfra import host as this
from pyinfra import inventory, state
from pyinfra.api import FactBase, StringCommand
from pyinfra.api import operation as declared
from pyinfra.api.arguments_typed import PyinfraOperation
from pyinfra.api.host import Host

from deploys.facts.together import Together, Wanted
from deploys.settings.once import once

P = ParamSpec("P")


class Reading:
    """
    What an operation yields in order to be given what a fact says.

    + fact: the class of the fact
    + server: the host of the inventory that is asked; None for the operation's own
    + arguments: of the fact
    """

    def __init__(self, fact: type[FactBase[Any]], *, server: str | None = None, **arguments: Any) -> None:
        self.wanted = Wanted(fact, arguments)
        self.server = server


Steps = Generator[Reading | StringCommand, Any, None]
"""What an operation yields: a reading, which it is sent the answer to, or a command."""


class _Changes:
    """How often the run has begun or ended a change, on any host."""

    count = 0


class _Known:
    """What a host's operations will read, and what is known of it since when."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.values: list[tuple[Wanted, Any]] = []
        self.since = 0
        # Another host's operation may read this one too.
        self.lock = RLock()


def _known(host: Host) -> _Known:
    return once(f"what is known of {host.name}", _Known)


def _changes() -> _Changes:
    return once("changes", _Changes)


def operation(act: Callable[P, Steps]) -> PyinfraOperation[P]:
    """
    Make an operation of a generator that yields readings and commands.

    Until its first reading it may neither do nor ask anything: it is begun once more, and left
    there, when it is declared.

    + act: the generator

    **Example:**

    .. code:: python

        @operation
        def configured(path: str) -> Steps:
            there: FileSetState = yield Reading(FileSet, paths=(path,), directories=(), key="motd")
            if path in there.files:
                host.noop("it is there")
                return
            yield script(f"touch {path}")
    """
    own = signature(act).parameters

    @wraps(act)
    def acting(*arguments: P.args, **named: P.kwargs) -> Generator[StringCommand]:
        with closing(act(*arguments, **named)) as steps:
            yield from _answered(steps)

    performed = cast("Callable[..., Any]", declared()(acting))

    @wraps(act)
    def declaring(*arguments: P.args, **named: P.kwargs) -> Any:
        # The others are pyinfra's, such as name=.
        of_act = {name: value for name, value in named.items() if name in own}
        with closing(cast("Callable[..., Steps]", act)(*arguments, **of_act)) as steps:
            first = next(steps, None)
        if isinstance(first, Reading):
            wanted = _known(_asked(first)).wanted
            if first.wanted not in wanted:
                wanted.append(first.wanted)
        return performed(*arguments, **named)

    return cast("PyinfraOperation[P]", declaring)


@declared()
def everything() -> Generator[StringCommand]:
    """
    All that the host's later operations will read is read now, at once.

    **Example:**

    .. code:: python

        reading.everything(name="Every host is read, all roles at once")
    """
    wanted = _known(inventory.get_host(this.name)).wanted
    if wanted:
        _answer(inventory.get_host(this.name), wanted[0])
    this.noop("read")
    yield from ()


def _answered(steps: Steps) -> Generator[StringCommand]:
    """The commands of an operation; its readings are answered on the way."""
    changes = _changes()
    answer = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Reading):
                answer = _answer(_asked(step), step.wanted)
                continue
            answer = None
            changes.count += 1
            yield step
            changes.count += 1
    except StopIteration:
        return


def _answer(host: Host, wanted: Wanted) -> Any:
    if not state.is_executing:
        # A plan may be looked at for long before it is carried out.
        return host.get_fact(wanted.fact, **wanted.arguments)
    known, changes = _known(host), _changes()
    with known.lock:
        if known.since != changes.count:
            # More is likely to change: what is read ahead now would be read in vain.
            known.values, ahead = [], [wanted]
        elif found := [value for one, value in known.values if one == wanted]:
            return found[0]
        else:
            ahead = known.wanted[known.wanted.index(wanted) :] if wanted in known.wanted else [wanted]
        known.since = changes.count
        values = host.get_fact(Together, wanted=ahead) or [one.fact().default() for one in ahead]
        known.values += zip(ahead, values, strict=True)
        return values[0]


def _asked(reading: Reading) -> Host:
    return inventory.get_host(reading.server or this.name)
