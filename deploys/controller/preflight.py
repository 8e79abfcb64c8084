"""What would stop a deploy, found on all hosts at once before any of them is changed."""

from __future__ import annotations

from collections.abc import Mapping

import gevent
from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import data, findings, renewal
from deploys.controller.maintenance import hosts as maintenance
from deploys.controller.postgres import servers
from deploys.engine import hosts
from deploys.engine.per_run import PerRun
from deploys.facts.machine import Machine, MachineState
from deploys.facts.run_lock import Request
from deploys.settings import declarations
from deploys.settings.site import Site


def survey(site: Site, request: Request | None = None, reach: bool = True) -> Mapping[str, MachineState]:
    """
    Every host of the run as it is now, read from all at once.

    Args:
        site: the site
        request: the run that asks for the hosts' locks; None where it changes nothing
        reach: whether each host tries to reach those that it needs; it waits for those that are off
    """
    directories = declarations.looked_into()
    traces = {name: declaration.traces for name, declaration in declarations.all_roles().items()}

    def read(name: str) -> MachineState:
        needed = findings.peers(site, site.host(name), maintenance.absent()) if reach else ()
        targets = tuple((address, port) for _, address, port in needed)
        pairs = renewal.pairs(site, site.host(name))
        return hosts.read(
            name,
            Machine,
            targets=targets,
            traces=traces,
            request=request,
            pairs=pairs,
            directories=directories,
            _sudo=False,
        )

    # The clocks are read at one moment: a host that was read later would look ahead.
    jobs = {site.host(name).name: gevent.spawn(read, name) for name in hosts.active()}
    gevent.joinall(list(jobs.values()), raise_error=True)
    return {host.name: jobs[host.name].get() for host in site.hosts if host.name in jobs}


def check(site: Site, machines: Mapping[str, MachineState]) -> None:
    """
    Go on only where nothing would stop a deploy; what is merely slow is said.

    Raises:
        PyinfraError: with a table of everything that would, over all hosts.
    """
    found = list(findings.of_machines(site, machines, maintenance.absent()))
    advice = [finding for finding in found if not finding.stops]
    stops = [finding for finding in found if finding.stops]
    if advice:
        logger.warning(f"Worth a look, but no obstacle:\n{findings.table(advice)}")
    if stops:
        raise PyinfraError(f"The hosts are not ready for a deploy. No host was changed.\n{findings.table(stops)}")


def _report() -> int:
    site = data.site()
    machines = survey(site)
    check(site, machines)
    servers_found, _ = servers.answered(servers.queried(site, None, machines))
    if waiting := list(findings.of_servers(servers_found)):
        logger.warning(f"Settings wait for a restart of Postgres:\n{findings.table(waiting)}")
    logger.info(f"--> All {len(machines)} hosts can be deployed to.")
    return len(machines)


report: PerRun[int] = PerRun(_report)
"""Says, once per run, that every host can be deployed to, or raises the table of what stops it."""
