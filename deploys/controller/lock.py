"""One run at a time for a site: a lock on each of its hosts, and the sentence that keeps a second run out."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence

from gevent import sleep
from pyinfra.api.exceptions import PyinfraError

from deploys.engine import command_line
from deploys.facts.run_lock import LockState, Request
from deploys.settings.of_run import operator

TRIES = 5
"""How often the run that has the first lock of all asks again for the others, a second apart."""


def request(broken: str | None) -> Request:
    """
    What a run asks the hosts for: a name that people can say, and what it does.

    Args:
        broken: the name of a run whose lock is broken
    """
    name = f"{operator()}@{socket.gethostname()}-{os.getpid()}"
    # Not all of the command line: it may hold what is nobody's business on a host.
    return Request(name, " ".join((command_line.inventory(), *command_line.deploys(), *command_line.limits())), broken)


def taken(states: Mapping[str, LockState], order: Sequence[str], again: Callable[[str], LockState]) -> None:
    """
    Make sure that this run has the lock of every host.

    Of two runs that begin at the same moment the one goes on that has the first lock of all: it
    asks again until the other, which gives up, has left.

    Args:
        states: whether each host gave its lock
        order: the hosts, in the same order for every run
        again: asks a host once more

    Raises:
        PyinfraError: naming the other run, since when and from where, on which hosts.
    """
    missing = {name: state for name in order if not (state := states[name]).taken}
    for _ in range(TRIES):
        if not missing or order[0] in missing:
            break
        sleep(1)
        answers = {name: again(name) for name in missing}
        missing = {name: state for name, state in answers.items() if not state.taken}
    if missing:
        raise PyinfraError(sentence(missing))


def sentence(held: Mapping[str, LockState]) -> str:
    """Who is at work on a site, and what to do."""
    lines = ["Another run is at work on this site, and this one has changed nothing:"]
    for name, state in held.items():
        if holder := state.holder:
            lines.append(
                f"  - {name}: {holder.name}, since {holder.since}, from {holder.origin}: {holder.what}"
                + (f" (silent for {holder.silence:.0f} s: dead, or cut off)" if holder.dead else "")
            )
        else:
            lines.append(f"  - {name}: its lock could not be taken (is sudo without a password allowed there?)")
    names = sorted({state.holder.name for state in held.values() if state.holder})
    lines.append("Let it end, and run again. If you know that it is dead, break its lock by its name:")
    lines += [f"  --data break_lock={name}" for name in names]
    return "\n".join(lines)
