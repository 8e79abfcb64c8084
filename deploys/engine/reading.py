"""
How an operation works: it says what it reads, compares that with what it declares, and says what to do.

    current = yield Reading(Service, unit="nginx.service", ...)
    ...
    yield script(...)

What all operations of a host read is known before the first runs. So it is read in one execution,
which costs little more than a single one of them does: a role that is as it should be costs no
further round trip. What was read is fresh until the run changes anything on any host; from then
on, hosts are read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, cast

from pyinfra import host as this
from pyinfra import inventory, state
from pyinfra.api import FactBase, StringCommand
from pyinfra.api import operation as declared
from pyinfra.api.arguments_typed import PyinfraOperation
from pyinfra.api.host import Host

from deploys.engine import first_change, knowledge
from deploys.engine.combined import Wanted

P = ParamSpec("P")


class Reading:
    """
    What an operation yields in order to be given what a fact says.

    Args:
        fact: the class of the fact
        server: the host of the inventory that is read; None for the operation's own
        **arguments: of the fact
    """

    def __init__(self, fact: type[FactBase[Any]], *, server: str | None = None, **arguments: Any) -> None:
        self.wanted = Wanted(fact, arguments)
        self.server = server

    @property
    def host(self) -> Host:
        """The host that is read."""
        return inventory.get_host(self.server or this.name)


Steps = Generator[Reading | StringCommand, Any, None]
"""What an operation yields: a reading, which it is sent the answer to, or a command."""


def operation(act: Callable[P, Steps]) -> PyinfraOperation[P]:
    """
    Make an operation of a generator that yields readings and commands.

    Until its first reading it may neither do nor ask anything: it is begun once more, and left
    there, when it is declared.

    Args:
        act: the generator

    Example:
        @operation
        def configured(path: str) -> Steps:
            current: FileSetState = yield Reading(FileSet, paths=(path,), directories=(), key="motd")
            if path in current.files:
                host.noop("it is there")
                return
            yield script(f"touch {path}")
    """
    own = signature(act).parameters

    @wraps(act)
    def acting(*arguments: P.args, **named: P.kwargs) -> Generator[StringCommand]:
        with closing(act(*arguments, **named)) as steps:
            yield from _commands(steps)

    performed = cast("Callable[..., Any]", declared()(acting))

    @wraps(act)
    def declaring(*arguments: P.args, **named: P.kwargs) -> Any:
        # The others are pyinfra's, such as name=.
        of_act = {name: value for name, value in named.items() if name in own}
        with closing(cast("Callable[..., Steps]", act)(*arguments, **of_act)) as steps:
            first = next(steps, None)
        if isinstance(first, Reading):
            wanted = knowledge.of(first.host).wanted
            if first.wanted not in wanted:
                wanted.append(first.wanted)
        return performed(*arguments, **named)

    return cast("PyinfraOperation[P]", declaring)


@declared()
def everything() -> Generator[StringCommand]:
    """
    Read now, at once, all that the host's later operations will read.

    **Example:**

    .. code:: python

        reading.everything(name="Every host is read, all its roles at once")
    """
    known = knowledge.of(inventory.get_host(this.name))
    if state.is_executing and known.wanted:
        known.read(inventory.get_host(this.name), known.wanted)
    this.noop("read")
    yield from ()


def _commands(steps: Steps) -> Generator[StringCommand]:
    """The commands of an operation; its readings are answered on the way."""
    changes = knowledge.changes()
    answer = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Reading):
                answer = _answer(step)
                continue
            answer = None
            if state.is_executing:
                first_change.of_run().begins()
            changes.note()
            yield step
            changes.note()
    except StopIteration:
        return


def _answer(reading: Reading) -> Any:
    if not state.is_executing:
        # A plan may be looked at for long before it is carried out.
        return reading.host.get_fact(reading.wanted.fact, **reading.wanted.arguments)
    return knowledge.of(reading.host).answer(reading.host, reading.wanted)
