"""Updates of the security archive, and the boots that they ask for."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence

import gevent
from pyinfra import host, logger, state
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine import connecting, elsewhere, hosts
from deploys.engine.elsewhere import ElsewhereError
from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.run_lock import LockState, Request, RunLock
from deploys.facts.upkeep import Upkeep, UpkeepState
from deploys.operations.drain import Drain, drained
from deploys.operations.script import script

EVERY, WITHIN = 2, 20
"""Seconds between two tries to reach a host that boots, and how long one may take."""
WAITED = (
    "for second in $(seq 300); do",
    "  systemctl --quiet is-active apt-daily.service apt-daily-upgrade.service || break",
    "  sleep 1",
    "done",
)
"""Shell: Debian's own updates come first, where they are under way."""
BOOTED = StringCommand("systemctl show --value --property=UserspaceTimestampMonotonic")
"""When the system came up: the kernel's own boot_id is that of all machines that share it."""


@operation
def up_to_date(
    packages: Sequence[str],
    reboot: bool = False,
    drain: Drain | None = None,
    stops: Sequence[str] = (),
    before: str | None = None,
    health: str | None = None,
    lock: Request | None = None,
    booting: Callable[[int], None] | None = None,
    timeout: int = 600,
) -> Steps:
    """
    Have security updates installed, as every night, and the host booted where they ask for it.

    + packages: those that wait to be installed
    + reboot: whether it is booted in any case (default false)
    + drain: how its gateway is left out meanwhile; None: nothing is sent to it
    + stops: units that are stopped first, so that others take over before it is gone
    + before: shell that is run before anything else, such as what has another host take over
    + health: URL on the host that answers 200 once it is well again; None: it is reached again
    + lock: of the run, taken once more after the boot
    + booting: called before the boot, with the seconds that it may take; None: nobody is told
    + timeout: seconds that the boot may take (default 600)

    Raises:
        OperationError: where the host does not come back in time.

    **Example:**

    .. code:: python

        boot.up_to_date(name="Security updates are installed", packages=["openssl"])
    """
    current: UpkeepState = yield Reading(Upkeep)
    pending = sorted({update.package for update in current.updates}.intersection(packages))
    if not (pending or current.reboot_required or reboot):
        host.noop("no update and no boot is waited for")
        return
    with drained(drain):
        if before:
            yield script(before)
        if pending:
            # Debian's own program, with the sources that the host's configuration allows it.
            yield script(*WAITED, "apt-get --quiet=2 --option=DPkg::Lock::Timeout=300 update", "unattended-upgrade")
            if state.is_executing:
                current = yield Reading(Upkeep)
                _said(sorted({update.package for update in current.updates}.intersection(packages)))
        if reboot or current.reboot_required:
            before = _booted_at() if state.is_executing else ""
            if booting and state.is_executing:
                booting(timeout)
            yield script(
                *(f"systemctl stop {shlex.quote(unit)}" for unit in stops),
                # This command has an end before the host is gone.
                "systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms systemctl reboot",
            )
            if state.is_executing:
                began = time.monotonic()
                _wait(lambda: _booted_at() != before, began, timeout)
                if lock:
                    _locked(lock)
                if health:
                    _wait(lambda: _answers(health), began, timeout)
                logger.warning(f"{host.name} is back after {time.monotonic() - began:.0f} s.")


def _booted_at() -> str:
    return "".join(elsewhere.done(host.name, BOOTED, WITHIN))


def _answers(url: str) -> bool:
    asked = f"curl --silent --fail --max-time 5 --output /dev/null {shlex.quote(url)} && echo yes || true"
    return elsewhere.done(host.name, StringCommand(asked), WITHIN) == ["yes"]


def _wait(done: Callable[[], bool], began: float, timeout: int) -> None:
    """Wait until something is so of a host that cannot be reached for a while."""
    while time.monotonic() < began + timeout:
        gevent.sleep(EVERY)
        connecting.forget(host.name)
        try:
            if done():
                return
        except ElsewhereError:
            continue
    raise OperationError(f"{host.name} was not back and well within {timeout} s. Look at its console.")


def _locked(request: Request) -> None:
    """Have the run's lock on the host, which went with the boot."""
    found: LockState = hosts.read(host.name, RunLock, request=request, _sudo=False)
    if not found.taken:
        by = f": {found.holder.name} is at work on it" if found.holder else ""
        raise OperationError(f"After its boot {host.name} did not give its lock to this run again{by}.")


def _said(pending: Sequence[str]) -> None:
    if pending:
        logger.warning(
            f"{', '.join(pending)} of {host.name} still waits: held back, or in need of a package that is new "
            "(docs/operations/updates.md)."
        )
