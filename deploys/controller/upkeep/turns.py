"""One host after the other: none before the one before it is back, and the site is well."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import gevent
from pyinfra.api import deploy

from deploys.controller import virtual_address
from deploys.controller.releases import slots
from deploys.controller.run import Run
from deploys.controller.status import report, upkeep
from deploys.controller.status.section import Finding
from deploys.controller.status.survey import survey
from deploys.engine.proved import proved
from deploys.engine.turns import turns
from deploys.operations import boot
from deploys.operations.drain import Drain

TIMEOUT = 300
"""Seconds that a site has to be well once a host is back: a replica catches up, monitoring asks a few times."""
EVERY = 3


def taken(run: Run, names: Sequence[str], packages: Mapping[str, Sequence[str]]) -> None:
    """
    Have hosts updated and booted, one after the other.

    Args:
        run: the run
        names: the hosts, in their order
        packages: by host, the updates that it waits for
    """
    for name in turns(names):
        if run.host.name == name:
            up_to_date(run=run, packages=packages[name])
        proved(name=f"{name} is back, and the site is well", proof=_Wellness(run, name))


@deploy("Upgrade")
def up_to_date(run: Run, packages: Sequence[str]) -> None:
    """Have the host's security updates installed, and the host booted where it waits for that."""
    groups = run.host.groups
    (slot, *_) = slots.known(run.site.shared)
    url = f"http://127.0.0.1:{slot.port}"
    boot.up_to_date(
        name="Security updates are installed, and no boot is waited for",
        packages=packages,
        reboot=run.options.reboot,
        drain=_drain(run, url) if "gateways" in groups else None,
        stops=[virtual_address.UNIT] if virtual_address.GROUP in groups else [],
        health=f"{url}/health" if "gateways" in groups else None,
        lock=run.lock,
    )


def _drain(run: Run, url: str) -> Drain | None:
    site, host = run.site, run.host
    if len(site.group("gateways")) == 1:
        return None
    return Drain(
        target=host.target,
        name=host.name,
        balancers=[peer.target for peer in site.group("load_balancers") if peer != host],
        timeout=int(str(host.value("gateway_drain_timeout"))),
        metrics=f"{url}/metrics",
    )


class _Wellness:
    """What is wrong after a host's turn, found out once for all hosts that ask."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name
        self._found: Sequence[Finding] | None = None

    def __call__(self, target: str) -> list[str]:
        """The sentences for the host that has had its turn; for the others there is nothing to say."""
        if self._run.site.host(target).name != self._name:
            return []
        end = time.monotonic() + TIMEOUT
        while (wrong := self._wrong()) and time.monotonic() < end:
            gevent.sleep(EVERY)
        return [f"{one.host or 'The site'}: {one.what} {one.do}" for one in wrong]

    def _wrong(self) -> list[Finding]:
        found = survey(self._run.site, report.SECTIONS)
        judged = {one.name: one.judged(found) for one in report.SECTIONS if one is not upkeep.SECTION}
        return [one for part in report.all_findings(found, judged).values() for one in part if one.wrong]
