"""A service: its unit, the files it reads, and that it runs with just these."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.engine.rolling import before_a_turn
from deploys.facts.service import Service, ServiceState
from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference, File
from deploys.operations.health import Health
from deploys.operations.rolling import Rolling, turn
from deploys.operations.script import script

UNITS = "/etc/systemd/system"
BEFORE = "/run/tracseq/before"
"""Where a host keeps, until its next change or boot, what a rolling change has replaced."""


@dataclass(frozen=True)
class Unit:
    """
    A unit of systemd, and how its service is started and reloaded.

    + name: canonical name, with its suffix (an alias would look stopped for ever)
    + start: command that starts it, for one that is well before systemd says so (default
      ``systemctl start``)
    + restart: command that restarts it, for one that others depend on (default ``systemctl restart``)
    + reload: command with which it applies files while it runs; without one it is restarted
    + socket: the unit that listens for it, its file among the service's files; it stays open while
      the service is restarted, so that nobody is refused meanwhile
    """

    name: str
    start: str | None = None
    restart: str | None = None
    reload: str | None = None
    socket: str | None = None

    @property
    def socket_file(self) -> str:
        """Path of the unit file of its socket."""
        return f"{UNITS}/{self.socket}"


@operation
def configured(
    unit: Unit,
    files: Sequence[File] = (),
    absent: Sequence[str] = (),
    purged: Sequence[str] = (),
    validate: str | None = None,
    also_read: Sequence[str] = (),
    health: Health | None = None,
    rolling: Rolling | None = None,
) -> Steps:
    """
    Have a service enabled and running, with all the files that it reads.

    The files change as a set: one that the validator refuses is never in place, and the error is
    the validator's own line. Whether the service has applied them is read from the host, which
    keeps as what it applied them last. So a run that died between the two is finished by the next.

    Where a set is valid, and yet the service is not well with it, the files are put back that were
    there before, and the service applies those again.

    + unit: the unit
    + files: the files; those with ``restart=True`` need a restart, the others a reload
    + absent: paths that must not be there
    + purged: directories that hold nothing but the files
    + validate: command that refuses a bad set; it sees the files where they will be
    + also_read: paths that others change and that it must be restarted for, such as a certificate
    + health: how to tell whether the service is well
    + rolling: how it takes turns with other hosts where it runs; None: it does not

    **Example:**

    .. code:: python

        service.configured(
            name="nginx",
            unit=Unit("nginx.service", reload="systemctl reload nginx.service"),
            files=[File("/etc/nginx/nginx.conf", text)],
            validate="nginx -t",
        )
    """
    paths = (*(file.path for file in files), *absent, *also_read)
    current: ServiceState = yield Reading(
        Service,
        unit=unit.name,
        paths=paths,
        directories=tuple(purged),
        socket=unit.socket,
        healthy=health.url if health else None,
    )
    changes = file_set.difference(files, absent, purged, current.files)
    action = _action(unit, files, also_read, changes, current)
    opened = not unit.socket or (current.listens and unit.socket_file not in current.files.unapplied)
    if unit.socket and (unit.socket_file in [file.path for file in changes.write] or not opened):
        # A socket cannot be opened anew while the service that has it runs (systemd.socket(5)).
        action = (
            f"systemctl stop {unit.name} 2>/dev/null; systemctl restart {unit.socket} && systemctl start {unit.name}"
        )
    unwell = health is not None and current.answer != "200" and not current.condition_failed
    if not changes and not action and current.enabled and not current.stale and not unwell:
        reason = "a condition of its own keeps it from running here" if current.condition_failed else "well"
        host.noop(f"{unit.name}: {reason}")
        return
    file_set.show(changes)
    stamp = staging.Stamp(unit.name, (*paths, *purged))
    quoted = shlex.quote(unit.name)
    changed = (*(file.path for file in changes.write), *changes.remove)
    known = current.enabled and opened and not current.stale
    # Only then: a reload of systemd takes longer than most services take to read a file.
    anew = not known or any(path.startswith(UNITS) for path in changed)
    units = " ".join(shlex.quote(name) for name in (unit.name, unit.socket) if name)
    together = rolling is not None and rolling.together
    # One that is stopped has something to go back to where a run has brought it before.
    was_there = current.running or (together and f"{UNITS}/{unit.name}" in current.files.files)
    returns = was_there and bool(changes)
    again = action if current.running or not action else action.replace("systemctl start", "systemctl restart")
    archive = file_set.archive(changes.write)
    if rolling and rolling.group and current.running and changes and validate:
        # What changes nothing waits for no turn, and what one host refuses no other keeps.
        with before_a_turn(rolling.group):
            yield script(*staging.seen(changes, validate), stdin=archive)
        validate = None
    # In the turn: what it has may be another by then.
    lines = list(health.before(current.running)) if health else []
    lines += staging.replaced(changes, validate, stamp, kept=returns)
    if anew:
        # Enabling would have systemd read all its units once more.
        lines += [f"systemctl --quiet --no-reload enable {units} 2>&1", "systemctl daemon-reload"]
    applied = stamp.applied(_or_why(action, quoted)) if action else []
    if health:
        applied += health.after(unit.name)
    if rolling:
        applied += rolling.noted
    if returns:
        applied = staging.or_put_back(changes, applied, _again(unit, stamp, again or "true", current.running))
    lines += applied
    undo: list[str] = []
    if returns and rolling and together:
        before = f"{BEFORE}/{unit.name}"
        lines += [f"mkdir -p -m 700 {BEFORE}", f"rm -rf {before}", f'mv "$stage/old" {before}']
        undo += [f"[ -d {before} ] || {{ echo 'What was there before is not kept any more.' >&2; exit 1; }}"]
        undo += [*staging.put_back(changes, before), '[ -z "${kept_out:-}" ] || exit 1', "systemctl daemon-reload"]
        undo += stamp.applied(_or_why(again or "true", quoted))
        undo += [*(health.after(unit.name) if health else ()), *rolling.undone, f"rm -rf {before}"]
    with turn(rolling, current.running, bool(action), undo):
        yield script(*lines, stdin=archive)


def _action(
    unit: Unit, files: Sequence[File], also_read: Sequence[str], changes: Difference, current: ServiceState
) -> str | None:
    """The command with which the service applies its files; None where it runs with them."""
    if not current.running:
        if current.condition_failed and not changes:
            return None
        return unit.start or f"systemctl start {shlex.quote(unit.name)}"
    restart = unit.restart or f"systemctl restart {shlex.quote(unit.name)}"
    unapplied = file_set.unapplied(files, current.files)
    for_restart = {file.path for file in files if file.restart} | set(also_read)
    if any(file.restart for file in changes.write) or unapplied & for_restart:
        return restart
    if changes or unapplied:
        return unit.reload or restart
    return None


def _or_why(action: str, unit: str) -> str:
    """Shell: do it, or end with what the service itself said."""
    return (
        f"if ! {{ {action}; }}; then\n"
        f"  journalctl --unit={unit} --lines=20 --no-pager --output=cat >&2 || true\n"
        f"  echo {unit} 'did not apply its files; its last lines are above.' >&2\n"
        "  exit 1\n"
        "fi"
    )


def _again(unit: Unit, stamp: staging.Stamp, action: str, served: bool) -> list[str]:
    """Shell: apply what is back in place, and say how that went; one that ran before is not left half started."""
    applied = " && ".join(stamp.applied(f"{{ {action}; }} >/dev/null 2>&1"))
    # Nobody is to wait at an open socket for a service that does not come.
    waits = served and unit.socket
    stopped = [f"  systemctl stop {shlex.quote(unit.name)} {shlex.quote(unit.socket or '')}"] if waits else []
    return [
        "systemctl daemon-reload",
        f"if {{ {applied}; }}; then",
        "  echo 'What was there before is in force again.' >&2",
        "else",
        f"  echo {shlex.quote(unit.name)} 'did not come up with what was there before, either.' >&2",
        *stopped,
        "fi",
    ]
