"""
How an operation works: it says what it reads, compares that with what it declares, and says what to do.

    there = yield Reading(Service, unit="nginx.service", ...)
    ...
    yield script(...)

What all operations of a host read is known before the first runs. So it is read in one execution,
which costs little more than a single one of them does: a role that is as it should be costs no
further round trip. What was read is believed until the run changes anything on any host; from
then on, hosts are asked anew.
"""

from __future__ import annotations

from collections import Counter
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
    """The changes that a run has begun or ended, by operation and host."""

    def __init__(self) -> None:
        self.made: Counter[tuple[str | None, str]] = Counter()

    def note(self) -> None:
        self.made[this.current_op_hash, this.name] += 1

    def none_since(self, made: Counter[tuple[str | None, str]]) -> bool:
        """
        Whether there was none that an operation of a host must know of.

        What the same operation does to other hosts at this moment is none of those: it knows no
        order of hosts, and would not have known of it a moment ago.

        + made: those that had been made then
        """
        return all(
            count == made[operation, name]
            for (operation, name), count in self.made.items()
            if operation != this.current_op_hash or name == this.name
        )


class _Known:
    """What a host's operations will read, and what is known of it since which changes."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.values: list[tuple[Wanted, Any]] = []
        self.since: Counter[tuple[str | None, str]] = Counter()
        self.answers = 0
        """How often what was read last was of use."""
        # Another host's operation may read this one too.
        self.lock = RLock()

    @property
    def believed(self) -> bool:
        """Whether nothing has changed since it was read."""
        return _changes().none_since(self.since)

    def value(self, wanted: Wanted) -> list[Any]:
        """What is known of one reading: its value alone, or nothing."""
        known = self.values if self.believed else []
        return [value for one, value in known if one == wanted]

    def rest(self, wanted: Wanted) -> list[Wanted]:
        """A reading, and those after it."""
        if wanted not in self.wanted:
            return [wanted]
        # Where what was read last was of use once or never, one change follows the other: what is
        # read ahead of them is read in vain.
        alone = not self.believed and self.answers < 2
        begin = self.wanted.index(wanted)
        return self.wanted[begin : begin + 1 if alone else None]

    def read(self, host: Host, wanted: list[Wanted]) -> list[Any]:
        """Read these, at once: their values."""
        if not self.believed:
            self.values = []
        self.since, self.answers = _changes().made.copy(), 0
        values = host.get_fact(Together, wanted=wanted) or [one.fact().default() for one in wanted]
        self.values += zip(wanted, values, strict=True)
        return values


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
    host = inventory.get_host(this.name)
    if state.is_executing and _known(host).wanted:
        _known(host).read(host, _known(host).wanted)
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
            changes.note()
            yield step
            changes.note()
    except StopIteration:
        return


def _answer(host: Host, wanted: Wanted) -> Any:
    if not state.is_executing:
        # A plan may be looked at for long before it is carried out.
        return host.get_fact(wanted.fact, **wanted.arguments)
    known = _known(host)
    with known.lock:
        # What was just read is the answer, also where another host has begun a change meanwhile.
        found = known.value(wanted) or known.read(host, known.rest(wanted))
        known.answers += 1
        return found[0]


def _asked(reading: Reading) -> Host:
    return inventory.get_host(reading.server or this.name)
