"""A role that a host has left: stopped and gone, but for its data."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host, logger

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.left import Left, LeftState
from deploys.operations.script import script


@operation
def removed(units: Sequence[str], paths: Sequence[str], data: Sequence[str] = ()) -> Steps:
    """
    Have a role gone from a host: its units stopped and disabled, its files removed.

    Data is never deleted, and no package is purged: the message says what stays, and where.

    + units: canonical names of its units, those that start others first
    + paths: files and directories that it had; the one by which the role is known comes last, so
      that a run that dies in between is finished by the next
    + data: directories with its data, which stay

    **Example:**

    .. code:: python

        role.removed(
            name="Redis is gone",
            units=["redis-server.service"],
            paths=["/etc/redis/redis.conf"],
            data=["/var/lib/redis"],
        )
    """
    current: LeftState = yield Reading(Left, units=tuple(units), paths=tuple(paths))
    if not current.units and not current.paths:
        host.noop("it is gone")
        return
    if data:
        logger.warning(
            f"{host.print_prefix}its data stays: {', '.join(data)}. Delete it yourself when nobody needs it."
        )
    lines = []
    if stopped := " ".join(shlex.quote(unit) for unit in units if unit in current.units):
        lines.append(f"systemctl --quiet disable --now {stopped} 2>&1")
    for path in paths:
        if path in current.paths:
            lines.append(f"rm -rf -- {shlex.quote(path)}")
    lines.append("systemctl daemon-reload")
    if units:
        # One that failed before would stay in systemd's list of those that have, without its file.
        lines.append(f"systemctl reset-failed {' '.join(map(shlex.quote, units))} 2>/dev/null || true")
    yield script(*lines)
