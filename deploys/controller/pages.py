"""Where people look at a site: its pages, and how they are reached from outside."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploys.controller import exporters
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

LOOPBACK = ("127.0.0.1", "localhost")
"""The names by which a client of SSH may ask for the host's own loopback: sshd compares them as they are written."""
TITLES = {"prometheus": "Prometheus", "alertmanager": "Alertmanager"}


@dataclass(frozen=True)
class Page:
    """
    Something to look at, on a host.

    Attributes:
        title: what it is
        port: its port
        encrypted: whether it speaks TLS
        open: whether administrators reach it by the network; else only the host itself does
    """

    title: str
    port: int
    encrypted: bool
    open: bool

    def url(self, host: str, port: int | None = None) -> str:
        """Its address, for whoever reaches that host and port."""
        return f"{'https' if self.encrypted else 'http'}://{host}:{port or self.port}"


def of_host(site: Site, host: SiteHost) -> Iterator[Page]:
    """The pages of a monitoring host."""
    if "monitoring" not in host.groups:
        return
    port = host.value("pages_port")
    if isinstance(port, int):
        yield Page("Dashboards and alerts", port, encrypted=True, open=True)
    if isinstance(grafana := host.value("grafana_port"), int):
        yield Page("Grafana", grafana, encrypted=True, open=True)
    for module in exporters.of(site, host):
        if module.name in TITLES:
            yield Page(TITLES[module.name], module.port, encrypted=False, open=False)


def guide(site: Site, given: Mapping[str, Mapping[str, Any]]) -> str:
    """
    What is where, as people read it.

    Args:
        site: the site
        given: all that the inventory says of each host, by its name
    """
    lines = ["", f"The platform      https://{site.shared.domain}"]
    for number, host in enumerate(site.group("monitoring")):
        pages = list(of_host(site, host))
        lines += ["", f"On {host.name} ({host.address}):"]
        lines += [f"    {page.title:<22} {page.url(host.name)}" for page in pages if page.open]
        # Each host's have ports of their own here, so that several can be looked at side by side.
        here = {page: page.port + 100 * number for page in pages}
        forwards = [f"-L {port}:127.0.0.1:{page.port}" for page, port in here.items()]
        lines += ["", "  From outside, or for what only the host itself reaches:", ""]
        lines += [f"    ssh -N {' '.join(forwards)} {login(host, given[host.name])}", ""]
        lines += [f"    {page.title:<22} {page.url('127.0.0.1', port)}" for page, port in here.items()]
    if not site.group("monitoring"):
        lines += ["", "Nothing is measured: the inventory has no group monitoring (docs/operations/monitoring.md)."]
    if not site.group("logs"):
        lines += ["", "Each host has its own journal: the inventory has no group logs (docs/operations/logs.md)."]
    else:
        lines += ["", "Logs of all hosts: make logs INVENTORY=…, SINCE=… GREP=… or REQUEST=…"]
    return "\n".join([*lines, ""])


def login(host: SiteHost, data: Mapping[str, Any]) -> str:
    """What ssh(1) needs to log in to a host as a run does."""
    options = {"-i": data.get("ssh_key"), "-p": data.get("ssh_port")}
    words = [word for option, value in options.items() if value for word in (option, str(value))]
    if known := data.get("ssh_known_hosts_file"):
        words += ["-o", f"UserKnownHostsFile={known}"]
    name = str(data.get("ssh_hostname") or host.address)
    return shlex.join([*words, f"{data['ssh_user']}@{name}" if data.get("ssh_user") else name])
