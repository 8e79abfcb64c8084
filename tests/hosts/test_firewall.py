"""Every host: a firewall that is on, also from boot on, lists its rules truthfully, and lets hosts find each other."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests import inventory

testinfra_hosts = inventory.hosts_of("all")


def test_nothing_passes_that_no_rule_names(host: Host) -> None:
    for tables in ("iptables", "ip6tables"):
        lines = host.check_output(f"{tables} -S").splitlines()
        assert {line for line in lines if line.startswith("-P")} == {
            "-P INPUT DROP",
            "-P FORWARD DROP",
            "-P OUTPUT DROP",
        }


def test_it_is_on_from_boot_on(host: Host) -> None:
    assert host.service("ufw").is_enabled
    assert "ENABLED=yes" in host.file("/etc/ufw/ufw.conf").content_string.splitlines()


def test_ufw_lists_every_rule_and_why_it_is_there(host: Host) -> None:
    listed = host.check_output("ufw status verbose")
    assert "Status: active" in listed
    assert "Default: deny (incoming), deny (outgoing), deny (routed)" in listed
    rules = [line for line in listed.splitlines() if " IN " in line or " OUT " in line]
    assert rules
    assert all("# " in line and " to " in line.partition("# ")[2] for line in rules)
    loaded = 0
    for tables, ufw in (("iptables", "ufw"), ("ip6tables", "ufw6")):
        for way in ("input", "output"):
            lines = host.check_output(f"{tables} -S {ufw}-user-{way}").splitlines()
            loaded += sum(line.startswith("-A") for line in lines)
    assert loaded == len(rules)


def test_only_keys_let_in(host: Host) -> None:
    options = host.check_output("/usr/sbin/sshd -T").splitlines()
    for wanted in (
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "permitemptypasswords no",
        "permitrootlogin without-password",
    ):
        assert wanted in options


def test_no_unconfirmed_change_is_left(host: Host) -> None:
    assert host.check_output("ls -d /run/tracseq/commit-confirmed-* 2>/dev/null || true") == ""
    assert "-undo-" not in host.check_output("systemctl list-timers --all --plain --no-legend")


def test_neighbours_are_found_although_nothing_may_go_out(host: Host, name: str) -> None:
    peers = [
        peer.data["address6"] for peer in inventory.hosts().values() if peer.name != name and peer.data.get("address6")
    ]
    if not peers or not host.file("/proc/net/if_inet6").exists:
        pytest.skip("there is no other host with an IPv6 address")
    host.run("ip -6 neigh flush all")
    host.run(f"timeout 2 bash -c 'exec 3<>/dev/tcp/{peers[0]}/443'")
    assert "lladdr" in host.check_output(f"ip -6 neigh show {peers[0]}")
