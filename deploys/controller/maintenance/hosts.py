"""The hosts that a run goes on with: a host that is out for maintenance has no part in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

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
WITHIN = 5
"""Seconds in which a host that a limit leaves out says who is out; one that does not is left at that."""


def chosen() -> Collection[str] | None:
    """
    What pyinfra calls the hosts that a run goes on with; None: those that the command line does not leave out.

    Raises:
        PyinfraError: where none is left, or a host is to be put back and not all hosts are reached.
    """
    names = data.own_deploys()
    if not names & WITHOUT or not command_line.inventory().endswith(".py"):
        return None
    site = data.site()
    if ENTRY in names:
        return [host.target for host in _of_maintenance()]
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


def absent() -> Collection[str]:
    """The hosts that nobody needs to reach: they are out, or a run for maintenance goes on without them."""
    return {*away(), *(_silent() if ENTRY in data.own_deploys() else ())}


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


def command(name: str, back: bool = False) -> str:
    """The command that takes a host out, or puts it back."""
    return f"pyinfra {command_line.inventory()} deploys/{ENTRY} --limit {name}{' --data back=true' if back else ''}"


def _others() -> Mapping[str, Note]:
    own = subject().name
    return {name: note for name, note in _known().items() if name != own}


def _of_maintenance() -> Sequence[SiteHost]:
    """The hosts that are told of one that goes out; or all, where one is put back."""
    name, site, silent = subject().name, data.site(), _silent()
    if data.options().back:
        if name in silent:
            raise PyinfraError(f"{name} cannot be put back before it is reached: {silent[name]}. No host was touched.")
        missing = {one: why for one, why in silent.items() if one not in _others()}
        listed = "\n".join(f"  - {one} is not reached: {why}" for one, why in missing.items())
        if missing and not data.options().force:
            raise PyinfraError(
                f"To put {name} back brings the whole site, as deploys/site.py does; no host was touched:\n{listed}\n"
                f"Switch it on. Where {name} is needed before: --data force=true"
            )
        if missing:
            logger.warning(f"The site is brought without these:\n{listed}")
    return [host for host in site.hosts if host.name not in silent and host.name not in _others()]


Answer = Mapping[str, Note] | str
"""The notes that a host has, or why it was not reached."""


def _asked() -> Mapping[str, Answer]:
    """
    What the hosts know of who is out.

    The run that takes a host out, or puts it back, asks all of them. So does one that is limited: the few that it has
    may be new, or have lost what they knew.
    """
    limited, names, every = set(hosts.limited()), data.own_deploys(), data.site().hosts
    mine = [host for host in every if ENTRY in names or host.target in limited]
    found = _answers(mine)
    if names & WITHOUT and len(mine) < len(every):
        known = {*found, *out.decided(_notes_in(found))}
        found |= _answers((host for host in every if host.name not in known), WITHIN)
    return found


def _answers(asked: Iterable[SiteHost], within: float | None = None) -> dict[str, Answer]:
    jobs = {host.name: gevent.spawn(_answer, host.target, within) for host in asked}
    gevent.joinall(list(jobs.values()), raise_error=True)
    return {name: job.get() for name, job in jobs.items()}


def _answer(target: str, within: float | None) -> Answer:
    try:
        with gevent.Timeout(within, False):
            hosts.connect(target)
            # A bare host may not let this user use sudo yet, which preflight says better.
            return hosts.read(target, Notes, _sudo=False)
        return f"it does not answer within {within:g} s"
    except ConnectError as error:
        return str(error)


def _notes_in(found: Mapping[str, Answer]) -> Mapping[str, Mapping[str, Note]]:
    return {name: answer for name, answer in found.items() if not isinstance(answer, str)}


def _silent() -> Mapping[str, str]:
    """The hosts that were asked and not reached, and why."""
    return {name: answer for name, answer in _answered().items() if isinstance(answer, str)}


_answered = PerRun(_asked)
_known: PerRun[Mapping[str, Note]] = PerRun(lambda: out.decided(_notes_in(_answered())))
