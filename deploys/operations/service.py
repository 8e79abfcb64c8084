"""A service: its unit, the files it reads, and that it runs with just these."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host

from deploys.facts.service import Service, ServiceState
from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference, File
from deploys.operations.reading import Reading, Steps, operation
from deploys.operations.script import script
from deploys.operations.turns import turn

UNITS = "/etc/systemd/system"


@operation
def configured(
    unit: str,
    files: Sequence[File] = (),
    absent: Sequence[str] = (),
    purged: Sequence[str] = (),
    validate: str | None = None,
    start: str | None = None,
    reload: str | None = None,
    also_read: Sequence[str] = (),
    socket: str | None = None,
    healthy: str | None = None,
    patience: int = 60,
    one_at_a_time: str | None = None,
) -> Steps:
    """
    Have a service enabled and running, with all the files that it reads.

    The files change as a set: one that the validator refuses is never in place, and the error is
    the validator's own line. Whether the service must take them up is read from the host: where
    a file is newer than the service's start and its last reload, it has not. So a run that died
    between the two is finished by the next.

    Where a set is valid, and yet the service is not well with it, the files are put back that were
    there before, and the service takes those up again.

    + unit: canonical name, with its suffix (an alias would look stopped for ever)
    + files: the files; those with ``restart=True`` need a restart, the others a reload
    + absent: paths that must not be there
    + purged: directories that hold nothing but the files
    + validate: command that refuses a bad set; it sees the files where they will be
    + start: command that starts it, for one that is well before systemd says so (default
      ``systemctl start``)
    + reload: command with which it takes up files while it runs; without one it is restarted
    + also_read: paths that others change and that it must be restarted for, such as a release
    + socket: the unit that listens for it, its file among the files; it stays open while the
      service is restarted, so that nobody is refused meanwhile
    + healthy: URL on the host that answers 200 when the service is well
    + patience: seconds that it may take to become well (default 60)
    + one_at_a_time: a name shared by hosts whose running services may not change at the same time

    **Example:**

    .. code:: python

        service.configured(
            name="nginx",
            unit="nginx.service",
            files=[File("/etc/nginx/nginx.conf", text)],
            validate="nginx -t",
            reload="systemctl reload nginx.service",
        )
    """
    there: ServiceState = yield Reading(
        Service,
        unit=unit,
        paths=(*(file.path for file in files), *absent, *also_read),
        directories=tuple(purged),
        socket=socket,
        healthy=healthy,
    )
    changes = file_set.difference(files, absent, purged, there.files)
    action = _action(unit, files, also_read, start, reload, changes, there)
    opened = not socket or there.listens_since(f"{UNITS}/{socket}")
    if socket and (f"{UNITS}/{socket}" in [file.path for file in changes.write] or not opened):
        # A socket cannot be opened anew while the service that has it runs (systemd.socket(5)).
        action = f"systemctl stop {unit} 2>/dev/null; systemctl restart {socket} && systemctl start {unit}"
    unwell = healthy is not None and there.answer != "200" and not there.impossible
    if not changes and not action and there.enabled and not there.stale and not unwell:
        reason = "a condition of its own keeps it from running here" if there.impossible else "well"
        host.noop(f"{unit}: {reason}")
        return
    file_set.show(changes)
    quoted = shlex.quote(unit)
    changed = (*(file.path for file in changes.write), *changes.remove)
    known = there.enabled and opened and not there.stale
    # Only then: a reload of systemd takes longer than most services take to read a file.
    anew = not known or any(path.startswith(UNITS) for path in changed)
    units = " ".join(shlex.quote(name) for name in (unit, socket) if name)
    returns = healthy is not None and there.running and bool(changes)
    lines = staging.replaced(changes, validate, kept=returns)
    if anew:
        # Enabling would have systemd read all its units once more.
        lines.append(f"systemctl --quiet --no-reload enable {units} 2>&1 && systemctl daemon-reload")
    taken_up = staging.stamped(unit, _or_why(action, quoted)) if action else []
    if healthy:
        taken_up.append(_until_healthy(healthy, patience, quoted))
    lines += staging.or_put_back(changes, taken_up, _again(action, units)) if returns else taken_up
    # One that does not run serves nobody: to start it takes nothing away.
    with turn(one_at_a_time if there.running else None):
        yield script(*lines, stdin=file_set.archive(changes.write))


def _action(
    unit: str,
    files: Sequence[File],
    also_read: Sequence[str],
    start: str | None,
    reload: str | None,
    changes: Difference,
    there: ServiceState,
) -> str | None:
    """The command with which the service takes up its files; None where it runs with them."""
    if not there.running:
        if there.impossible and not changes:
            return None
        return start or f"systemctl start {shlex.quote(unit)}"
    restart = f"systemctl restart {shlex.quote(unit)}"
    for_restart = {file.path for file in files if file.restart} | set(also_read)
    if any(file.restart for file in changes.write):
        return restart
    if any(state.changed > there.started for path, state in there.files.files.items() if path in for_restart):
        return restart
    if changes or there.files.newest > max(there.started, there.files.taken_up):
        return reload or restart
    return None


def _or_why(action: str, unit: str) -> str:
    """Shell: do it, or end with what the service itself said."""
    return (
        f"if ! {{ {action}; }}; then\n"
        f"  journalctl --unit={unit} --lines=20 --no-pager --output=cat >&2 || true\n"
        f"  echo {unit} 'did not take it up; its last lines are above.' >&2\n"
        "  exit 1\n"
        "fi"
    )


def _again(action: str | None, units: str) -> str:
    """Shell: take up what is back in place; where even that fails, let nobody wait at an open socket."""
    return f"systemctl daemon-reload; {{ {action or 'true'}; }} >/dev/null 2>&1 || systemctl stop {units}"


def _until_healthy(url: str, patience: int, unit: str) -> str:
    """Shell: wait until a URL answers 200, or end with what it answered and what the service said."""
    quoted = shlex.quote(url)
    return f"""
answer=000
end=$(($(date +%s) + {patience}))
while [ "$(date +%s)" -lt $end ]; do
  answer=$(curl --silent --max-time 5 --output /run/tracseq/answer --write-out '%{{http_code}}' {quoted}) || true
  [ "$answer" != 200 ] || break
  sleep 0.3
done
if [ "$answer" != 200 ]; then
  journalctl --unit={unit} --lines=20 --no-pager --output=cat >&2 || true
  echo "{url} still answers $answer after {patience} s: $(head -c 500 /run/tracseq/answer 2>/dev/null)" >&2
  exit 1
fi
"""
