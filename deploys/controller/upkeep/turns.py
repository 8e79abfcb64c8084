"""One host after the other: none before the one before it is back, and the site is well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pyinfra.api import deploy

from deploys.controller import silences, virtual_address
from deploys.controller.redis import servers
from deploys.controller.run import Run
from deploys.controller.status import report
from deploys.controller.status.survey import survey
from deploys.controller.status.wrong import waited
from deploys.controller.upkeep import wellness
from deploys.controller.upkeep.upgrade import Upgrade
from deploys.engine.proved import proved
from deploys.engine.turns import turns
from deploys.operations import boot
from deploys.operations.drain import Drain
from deploys.operations.redis import handed_over

TIMEOUT = 300
"""Seconds that a site has to be well once a host is back: a replica catches up, monitoring asks a few times."""


def taken(upgrade: Upgrade, names: Sequence[str]) -> None:
    """
    Have hosts updated and booted, one after the other.

    Args:
        upgrade: what was decided
        names: the hosts, in their order
    """
    for name in turns(names):
        if upgrade.run.host.name == name:
            up_to_date(upgrade=upgrade)
        proved(name=f"{name} is back, and the site is well", proof=_Wellness(upgrade, name))


@deploy("Upgrade")
def up_to_date(upgrade: Upgrade) -> None:
    """Have the host's security updates installed, and the host booted where it waits for that."""
    run = upgrade.run
    groups, url = run.host.groups, f"http://127.0.0.1:{upgrade.slot.port}"
    boot.up_to_date(
        name="Security updates are installed, and no boot is waited for",
        packages=upgrade.packages[run.host.name],
        reboot=run.options.reboot,
        drain=_drain(run, url) if "gateways" in groups else None,
        stops=[virtual_address.UNIT] if virtual_address.GROUP in groups else [],
        before=handed_over(**servers.asked(run.site)) if "sentinels" in groups else None,
        health=f"{url}/health" if "gateways" in groups else None,
        lock=run.lock,
        booting=partial(silences.boots, run.site, run.lock, run.host) if run.lock else None,
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
    """What is wrong after a host's turn and was not before, once the site has had its time."""

    def __init__(self, upgrade: Upgrade, name: str) -> None:
        self._upgrade = upgrade
        self._name = name

    def __call__(self, target: str) -> list[str]:
        """The sentences for the host that has had its turn; for the others there is nothing to say."""
        site = self._upgrade.run.site
        if site.host(target).name != self._name:
            return []
        known = self._upgrade.known
        found = waited(lambda: wellness.new(survey(site, report.SECTIONS), known), TIMEOUT)
        return [f"{one.host or 'The site'}: {one.what} {one.do}" for one in found]
