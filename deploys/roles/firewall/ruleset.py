"""What the firewall of a host is to be: ufw's files and the kernel's tables."""

from __future__ import annotations

from typing import TypedDict

from deploys.controller import files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.engine.per_run import PerRun
from deploys.facts.ufw import Table
from deploys.operations.file_set import File
from deploys.roles.firewall.table import family_rules
from deploys.settings import rules


class Ruleset(TypedDict):
    """The arguments that the operations of ufw share."""

    files: list[File]
    tables: dict[int, Table]
    hosts: list[str]
    timeout: float


def of_host(run: Run) -> Ruleset:
    """
    The ruleset of the run's host; it is made once, for opening and for closing.

    Args:
        run: the run
    """
    made = _made()
    if run.host.name not in made:
        made[run.host.name] = _of_host(run)
    return made[run.host.name]


_made: PerRun[dict[str, Ruleset]] = PerRun(dict)


def _of_host(run: Run) -> Ruleset:
    own = rules.of_host(run.site, run.host)
    ipv4, ipv6 = family_rules(4, own), family_rules(6, own)
    return Ruleset(
        files=[
            File("/etc/default/ufw", files.read("firewall/default")),
            File("/etc/ufw/ufw.conf", files.read("firewall/ufw.conf")),
            File("/etc/ufw/before.rules", render("firewall/before.rules.j2", rules=ipv4), mode="640"),
            File("/etc/ufw/before6.rules", render("firewall/before.rules.j2", rules=ipv6), mode="640"),
            File("/etc/ufw/user.rules", render("firewall/user.rules.j2", rules=ipv4), mode="640"),
            File("/etc/ufw/user6.rules", render("firewall/user.rules.j2", rules=ipv6), mode="640"),
        ],
        tables={4: ipv4.table, 6: ipv6.table},
        hosts=[address for host in run.site.hosts for address in host.addresses],
        timeout=run.host.own.confirmation_timeout,
    )
