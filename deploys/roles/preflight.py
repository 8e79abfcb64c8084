"""What would stop a deploy, found on all hosts at once before any of them is changed."""

from __future__ import annotations

from collections.abc import Mapping

import gevent
from pyinfra import inventory, logger, state
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_host

from deploys.controller import findings
from deploys.facts.machine import Machine, MachineState
from deploys.settings.once import once
from deploys.settings.site import Site


def machines(site: Site) -> Mapping[str, MachineState]:
    """Every host of the run as it is now, read from all at once, once a run."""
    return once("machines", lambda: _survey(site))


def sound(site: Site) -> Mapping[str, MachineState]:
    """
    The hosts as they are, where nothing would stop a deploy.

    Raises:
        PyinfraError: with a table of everything that would, over all hosts.
    """
    found = machines(site)
    wrong = once("findings", lambda: list(findings.of_machines(site, found)))
    if wrong:
        raise PyinfraError(f"The hosts are not ready for a deploy. No host was changed.\n{findings.table(wrong)}")
    return found


def _survey(site: Site) -> dict[str, MachineState]:
    def read(name: str) -> MachineState:
        this = inventory.get_host(name)
        targets = tuple((address, port) for _, address, port in findings.peers(site, site.host(name)))
        with ctx_host.use(this):
            result: MachineState = this.get_fact(Machine, targets=targets, _sudo=False)
            return result

    # The clocks are read at one moment: a host that was asked later would look ahead.
    active = [host.name for host in state.inventory.get_active_hosts()]
    jobs = {site.host(name).name: gevent.spawn(read, name) for name in active}
    gevent.joinall(list(jobs.values()), raise_error=True)
    return {name: job.get() for name, job in jobs.items()}


def report(site: Site) -> None:
    """Say, once, that every host is sound, or raise the table of what is not."""
    found = sound(site)
    once("report", lambda: logger.info(f"--> All {len(found)} hosts can be deployed to."))
