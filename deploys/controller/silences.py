"""The silences of a run: people are not told as an alert what it does on purpose."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra import logger

from deploys.controller import virtual_address
from deploys.controller.alerts import Monitoring
from deploys.engine import ending, first_change, later
from deploys.engine.elsewhere import ElsewhereError
from deploys.facts.run_lock import Request
from deploys.operations import silence
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

LONGEST = 600
"""Seconds after which a silence ends by itself, where the run that made it is gone."""
AGAIN = 240
"""Seconds after which a run says that it is still at work."""
SETTLES = 60
"""Seconds, and two scrapes, that it takes until nothing is told of a run any more once it has ended."""
BOOTED, NEWS = 'alertname="HostRebooted"', 600
"""What is told of a host that has booted, and for how many seconds (files/monitoring/rules/hosts.yml)."""


def kept(site: Site, request: Request | None) -> None:
    """
    Have monitoring hosts, where there are any, told before each first change of a host.

    Args:
        site: the run's
        request: the name by which the hosts know the run; None where it only plans
    """
    if request and site.group("monitoring"):
        silences = Silences(site, request)
        first_change.of_run().tell(silences.before)
        ending.at_end(silences.end)


def concerned(site: Site, host: SiteHost) -> set[str]:
    """The hosts of whose alerts a change of one may be the cause; an empty name for alerts that are of no host."""
    found = {host.name}
    if "postgres" in host.groups:
        found |= {"", *(one.name for one in site.group("postgres"))}
    if "sentinels" in host.groups:
        found |= {"", *(one.name for one in site.group("sentinels"))}
    if host.groups & {"postgres", "redis"}:
        found |= {one.name for one in site.group("gateways")}
    if virtual_address.GROUP in host.groups:
        # What users get is asked there too.
        found |= set(virtual_address.addresses(site))
    return found


def boots(site: Site, request: Request, host: SiteHost, within: int) -> None:
    """
    Have nobody told that a host has booted: that is told for longer than a run's own silences last.

    Args:
        site: the run's
        request: the name by which the hosts know the run
        host: the one that is about to boot
        within: seconds that it may take
    """
    for monitor in site.group("monitoring"):
        seconds = within + NEWS + SETTLES + int(2 * monitor.data(Monitoring).scrape_interval)
        what = f"boots {host.name}: {request.what}"
        try:
            if silence.added(monitor.target, {host.name}, request.name, what, seconds, matchers=(BOOTED,)):
                return
        except ElsewhereError as error:
            logger.warning(f"{monitor.name} could not be told that {host.name} boots on purpose: {error}")


class Silences:
    """
    What a run has told of itself.

    One Alertmanager is told, which tells the others; of what is dead there, the next one.
    """

    def __init__(self, site: Site, request: Request) -> None:
        self.site, self.request = site, request
        self._left = list(site.group("monitoring"))
        """The monitoring hosts that may still be asked."""
        self._covered: set[str] = set()
        self._made: dict[str, list[str]] = {}
        """Ids of silences, by what pyinfra calls the host that was told."""
        self._renewing = later.Repeated(AGAIN, lambda: self._end_in(LONGEST))

    def before(self, target: str) -> None:
        """Have nobody told of what a change of a host causes."""
        name = self.site.host(target).name
        hosts = concerned(self.site, self.site.host(target)) - self._covered
        self._covered |= hosts
        while hosts and self._left:
            if self._told(self._left[0], hosts, name):
                return

    def end(self) -> None:
        """Have people told again, once what the run has caused is over."""
        self._renewing.stop()
        settled = max(int(2 * one.data(Monitoring).scrape_interval) for one in self.site.group("monitoring"))
        self._end_in(SETTLES + settled)

    def _told(self, monitor: SiteHost, hosts: Iterable[str], name: str) -> bool:
        """Whether a monitoring host knows of the work; one that does not is not asked again in this run."""
        try:
            made = silence.added(
                monitor.target, hosts, self.request.name, f"changes {name}: {self.request.what}", LONGEST
            )
        except ElsewhereError as error:
            if monitor in self._left:  # else another host has asked it at the same moment, and said so
                logger.warning(f"{monitor.name} could not be told that {name} is changed on purpose: {error}")
            made = None
        if made:
            self._made.setdefault(monitor.target, []).append(made)
            self._renewing.start()
        elif monitor in self._left:
            self._left.remove(monitor)
        return made is not None

    def _end_in(self, seconds: int) -> None:
        for target, silences in self._made.items():
            try:
                silence.ends(target, silences, seconds)
            except ElsewhereError as error:
                logger.warning(f"Silences of {target} end by themselves, in {LONGEST} s at most: {error}")
