"""What a run reads at once of a host is what each reading says alone, of all that the host has."""

from __future__ import annotations

import shlex
from typing import Any

from testinfra.host import Host

from deploys.engine.combined import Combined, Wanted
from deploys.facts.file_set import STAMPS
from deploys.facts.left import Left
from deploys.facts.packages import Installed
from deploys.facts.service import Service
from tests import inventory

testinfra_hosts = inventory.hosts_of("all")


def read(host: Host, wanted: list[Wanted]) -> list[Any]:
    """What a host says, in one execution."""
    fact = Combined()
    done = host.run(f"sh -c {shlex.quote(fact.command(wanted))}")
    assert (done.rc, done.stderr) == (0, "")
    return fact.process(done.stdout.splitlines())


def test_services_are_told_apart(host: Host) -> None:
    """Each with the files of its stamp; beside them one that no host has."""
    wanted = [Wanted(Service, {"unit": "nobody-has-it.service", "paths": (), "directories": ()})]
    for unit in host.check_output(f"cd {STAMPS} && ls").split():
        rows = [line.split("\t") for line in host.check_output(f"cat {STAMPS}/{unit}").splitlines()]
        paths = [row[1] for row in rows if row[0] == "file"]
        if unit.endswith(".service"):
            wanted.append(Wanted(Service, {"unit": unit, "paths": paths, "directories": ["/etc/systemd/system"]}))
    assert len(wanted) > 5
    together = read(host, wanted)
    assert together == [read(host, [one])[0] for one in wanted]
    assert [one.properties["LoadState"] for one in together[:2]] == ["not-found", "loaded"]
    assert all(one.files.applied and one.files.files and one.files.names for one in together[1:])


def test_packages_and_what_is_left_are_told_apart(host: Host) -> None:
    wanted = [
        Wanted(Installed, {"packages": ["ufw", "chrony"]}),
        Wanted(Installed, {"packages": ["nobody-has-it", "ufw"]}),
        Wanted(Left, {"units": ["ssh.service", "nobody-has-it.service"], "paths": ["/etc/hosts"]}),
        Wanted(Left, {"units": [], "paths": ["/etc/hosts", "/etc/nobody-has-it"]}),
    ]
    packages, others, here, there = read(host, wanted)
    assert (packages.installed, others.installed) == ({"ufw", "chrony"}, {"ufw"})
    assert (here.units, here.paths) == ({"ssh.service"}, {"/etc/hosts"})
    assert (there.units, there.paths) == (set(), {"/etc/hosts"})
