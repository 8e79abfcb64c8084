"""Updates of the security archive, and the boots that they ask for."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

import gevent
from pyinfra import host, logger, state
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere, hosts
from deploys.engine.elsewhere import ElsewhereError
from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.run_lock import Request, RunLock
from deploys.facts.upkeep import Upkeep, UpkeepState
from deploys.operations.drain import Drain, drained
from deploys.operations.script import script

EVERY, WITHIN = 2, 20
"""Seconds between two tries to reach a host that boots, and how long one may take."""
BOOTED = StringCommand("systemctl show --value --property=UserspaceTimestampMonotonic")
"""When the system came up: the kernel's own boot_id is that of all machines that share it."""


@operation
def up_to_date(
    packages: Sequence[str],
    reboot: bool = False,
    drain: Drain | None = None,
    stops: Sequence[str] = (),
    health: str | None = None,
    lock: Request | None = None,
    timeout: int = 600,
) -> Steps:
    """
    Have security updates installed, as every night, and the host booted where they ask for it.

    + packages: those that wait to be installed
    + reboot: whether it is booted in any case (default false)
    + drain: how its gateway is left out meanwhile; None: nothing is sent to it
    + stops: units that are stopped first, so that others take over before it is gone
    + health: URL on the host that answers 200 once it is well again; None: it is reached again
    + lock: of the run, taken once more after the boot
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
        if pending:
            # Debian's own program, with the sources that the host's configuration allows it.
            yield script("apt-get --quiet=2 update", "unattended-upgrade")
            if state.is_executing:
                current = yield Reading(Upkeep)
        if reboot or current.reboot_required:
            before = _booted_at() if state.is_executing else ""
            yield script(
                *(f"systemctl stop {shlex.quote(unit)}" for unit in stops),
                # This command has an end before the host is gone.
                "systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms systemctl reboot",
            )
            if state.is_executing:
                _wait(before, health, time.monotonic() + timeout, timeout)
                if lock:
                    hosts.read(host.name, RunLock, request=lock, _sudo=False)


def _booted_at() -> str:
    return "".join(elsewhere.done(host.name, BOOTED, WITHIN))


def _wait(before: str, health: str | None, end: float, timeout: int) -> None:
    """Wait until the host is back, and well."""
    asked = StringCommand(f"curl --silent --fail --max-time 5 --output /dev/null {shlex.quote(health or '')}")
    while time.monotonic() < end:
        gevent.sleep(EVERY)
        try:
            if _booted_at() == before:
                continue
            if health:
                elsewhere.done(host.name, asked, WITHIN)
        except ElsewhereError:
            continue
        logger.warning(f"{host.name} is back after {timeout - (end - time.monotonic()):.0f} s.")
        return
    raise OperationError(f"{host.name} did not come back within {timeout} s. Look at its console.")
