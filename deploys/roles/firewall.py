"""The firewall: default deny in and out, for IPv4 and IPv6, and who may reach what."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.templates import render
from deploys.operations import ufw
from deploys.operations.file_set import File
from deploys.settings import rules
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@deploy("Firewall")
def apply(site: Site, host: SiteHost) -> None:
    """Have just those ports open, in and out, that the rules of the site name for this host."""
    of_host = rules.of_host(site, host)
    ufw.ruleset(
        name="Ruleset",
        files=[
            File("/etc/default/ufw", render("firewall/default.j2")),
            File("/etc/ufw/ufw.conf", render("firewall/ufw.conf.j2")),
            File("/etc/ufw/before.rules", render("firewall/before.rules.j2"), mode="640"),
            File("/etc/ufw/before6.rules", render("firewall/before6.rules.j2"), mode="640"),
            File(
                "/etc/ufw/user.rules",
                render(
                    "firewall/user.rules.j2",
                    ufw="ufw",
                    anyone="0.0.0.0/0",
                    unreachable="icmp-port-unreachable",
                    rules=[rule for rule in of_host if rule.family == 4],
                ),
                mode="640",
            ),
            File(
                "/etc/ufw/user6.rules",
                render(
                    "firewall/user.rules.j2",
                    ufw="ufw6",
                    anyone="::/0",
                    unreachable="icmp6-port-unreachable",
                    rules=[rule for rule in of_host if rule.family == 6],
                ),
                mode="640",
            ),
        ],
        patience=host.all.confirmation_timeout,
    )
