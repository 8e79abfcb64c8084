"""The firewall: default deny in and out, for IPv4 and IPv6, and who may reach what."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import ufw
from deploys.operations.file_set import File
from deploys.roles.firewall.table import family_rules
from deploys.settings import rules


@deploy("Firewall")
def apply(run: Run) -> None:
    """Have just those ports open, in and out, that the rules of the site name for this host."""
    of_host = rules.of_host(run.site, run.host)
    ipv4, ipv6 = family_rules(4, of_host), family_rules(6, of_host)
    ufw.ruleset(
        name="Ruleset",
        files=[
            File("/etc/default/ufw", files.read("firewall/default")),
            File("/etc/ufw/ufw.conf", files.read("firewall/ufw.conf")),
            File("/etc/ufw/before.rules", render("firewall/before.rules.j2", rules=ipv4), mode="640"),
            File("/etc/ufw/before6.rules", render("firewall/before.rules.j2", rules=ipv6), mode="640"),
            File("/etc/ufw/user.rules", render("firewall/user.rules.j2", rules=ipv4), mode="640"),
            File("/etc/ufw/user6.rules", render("firewall/user.rules.j2", rules=ipv6), mode="640"),
        ],
        tables={4: ipv4.table, 6: ipv6.table},
        timeout=run.host.own.confirmation_timeout,
    )
