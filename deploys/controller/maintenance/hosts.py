"""The hosts that a run goes on with: a host that is out for maintenance has no part in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import gevent
from pyinfra import logger
from pyinfra.api.exceptions import ConnectError, PyinfraError

from deploys.controller import data
from deploys.controller.maintenance import out
from deploys.engine import command_line, hosts
from deploys.engine.per_run import PerRun
from deploys.facts.maintenance import Note, Notes
from deploys.settings.host import SiteHost

ENTRY = "maintenance.py"
WITHOUT = frozenset({"site.py", "preflight.py", "rollback.py", "upgrade.py", "upgrade_postgres.py", ENTRY})
"""Deploys that go on without hosts that are out; others concern hosts as they are."""


def chosen() -> Collection[str] | None:
    """
    What pyinfra calls the hosts that a run goes on with; None: those that the command line does not leave out.

    Raises:
        PyinfraError: where none is left.
    """
    names = data.own_deploys()
    if not names & WITHOUT or not command_line.inventory().endswith(".py"):
        return None
    site = data.site()
    if ENTRY in names:
        subject()
        return [host.target for host in site.hosts if host.name in _said() and host.name not in _others()]
    known = away()
    if not known:
        return None
    limited = set(hosts.limited())
    left = [host for host in site.hosts if host.target in limited and host.name not in known]
    for name, note in known.items():
        logger.warning(f"{note.sentence(name)} This run leaves it out.")
    if not left:
        raise PyinfraError(f"No host is left for this run. Put one back: {command(', '.join(known), back=True)}")
    return [host.target for host in left]


def away() -> Mapping[str, Note]:
    """The hosts that are out while this run works, by name; the run that puts one back counts it among the others."""
    back = data.own_deploys() == {ENTRY} and data.options().back
    return _others() if back else _known()


def known() -> Mapping[str, Note]:
    """The hosts that are out as the hosts of the run say it, by name."""
    return _known()


def subject() -> SiteHost:
    """
    The host that goes out, or comes back.

    Raises:
        PyinfraError: where the command line does not name just one.
    """
    given = command_line.limited_to()
    found = [host for host in data.site().hosts if {host.name, host.target} & set(given)]
    if len(given) != 1 or len(found) != 1:
        raise PyinfraError(f"Name the one host that it is about: {command('HOST')}. No host was touched.")
    return found[0]


def returning() -> str | None:
    """The name of the host that this run puts back; None: it puts back none."""
    return subject().name if data.own_deploys() == {ENTRY} and data.options().back else None


def reached(host: SiteHost) -> bool:
    """
    Whether a host of this run answers.

    Args:
        host: the host
    """
    return host.name in _said()


def command(name: str, back: bool = False) -> str:
    """The command that takes a host out, or puts it back."""
    return f"pyinfra {command_line.inventory()} deploys/{ENTRY} --limit {name}{' --data back=true' if back else ''}"


def _others() -> Mapping[str, Note]:
    own = subject().name
    return {name: note for name, note in _known().items() if name != own}


def _asked() -> Mapping[str, Mapping[str, Note]]:
    """What each host knows that is reached; the run that takes a host out, or puts it back, asks all of them."""
    limited = set(hosts.limited())
    every = ENTRY in data.own_deploys()
    jobs = {
        host.name: gevent.spawn(_notes, host.target) for host in data.site().hosts if every or host.target in limited
    }
    gevent.joinall(list(jobs.values()), raise_error=True)
    return {name: found for name, job in jobs.items() if (found := job.get()) is not None}


def _notes(target: str) -> Mapping[str, Note] | None:
    try:
        hosts.connect(target)
        # A bare host may not let this user use sudo yet, which preflight says better.
        return hosts.read(target, Notes, _sudo=False)
    except ConnectError:
        return None


_said = PerRun(_asked)
_known: PerRun[Mapping[str, Note]] = PerRun(lambda: out.decided(_said()))
