"""A run that revokes what one host is known by: on all others, as far as they answer."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller import authority
from deploys.controller.run import Opened, opened
from deploys.engine.per_run import PerRun


@dataclass(frozen=True)
class Revocation:
    """Whose certificates count for nothing that were made before a time."""

    run: Opened
    name: str
    addresses: tuple[str, ...]
    """None where the inventory does not have it any more."""
    at: int
    """In seconds since 1970."""


def begin() -> Revocation:
    """
    The revocation that the command line asks for, with the locks of the hosts that answer.

    Raises:
        PyinfraError: where it names no host of the site, or another run is at work.
    """
    return _revocation()


def _begun() -> Revocation:
    run = opened(reach=False)
    known = {host.name: host.addresses for host in run.site.hosts}
    name = run.options.host
    if name is None or (name not in known and not run.options.undo):
        raise PyinfraError(
            f"Name the host that is revoked, as the inventory has it: --data host=NAME; there are {', '.join(known)}. "
            "No host was changed."
        )
    # What is made from the next second on counts.
    at = int(time.time())
    if not run.options.undo:
        authority.of(run.site, kept=run.lock is not None).revoke(name, at)
    return Revocation(run, name, known.get(name, ()), at)


_revocation = PerRun(_begun)
