"""needrestart: what runs with replaced files is listed, and nothing is restarted by it."""

from __future__ import annotations

from testinfra.host import Host

from tests import inventory

testinfra_hosts = inventory.hosts_of("all")


def test_it_runs_with_its_file(host: Host) -> None:
    # -b: for programs; without the kernel, which the lab's machines share.
    assert "NEEDRESTART-VER" in host.check_output("needrestart -b -l")


def test_it_restarts_nothing(host: Host) -> None:
    # Its own file reads those in conf.d at its end.
    command = "perl -e 'our %nrconf; do \"/etc/needrestart/needrestart.conf\"; print $nrconf{restart}'"
    assert host.check_output(command) == "l"
