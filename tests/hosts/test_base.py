"""Every host: its name, the others' names, the time, the journal, its platform user."""

from __future__ import annotations

from typing import Any

from testinfra.host import Host

from tests import inventory

testinfra_hosts = inventory.hosts_of("all")


def test_it_has_its_name(host: Host, name: str) -> None:
    assert host.check_output("hostname") == name
    assert host.check_output("cat /etc/hostname") == name


def test_it_finds_every_host_of_the_site_without_dns(host: Host) -> None:
    for peer in inventory.hosts().values():
        assert host.check_output(f"getent ahostsv4 {peer.name}").split()[0] == peer.data["address"]
        if peer.data.get("address6"):
            assert host.check_output(f"getent ahostsv6 {peer.name}").split()[0] == peer.data["address6"]


def test_the_clock_is_kept_or_the_host_may_not_set_it(host: Host) -> None:
    chrony = host.service("chrony")
    assert chrony.is_enabled
    # A container has its host's clock; chrony's own unit knows, by a condition of its own.
    condition = host.check_output("systemctl show --property=ConditionResult --value chrony.service")
    assert chrony.is_running or condition == "no"


def test_chrony_accepts_its_configuration(host: Host) -> None:
    assert host.run("chronyd -p").rc == 0


def test_the_journal_is_kept_and_limited(host: Host, data: dict[str, Any]) -> None:
    assert host.file("/var/log/journal").is_directory
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert "Storage=persistent" in settings
    assert "SystemMaxUse=" in settings


def test_security_updates_are_installed_by_themselves(host: Host) -> None:
    settings = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    origins = [line for line in settings.splitlines() if "Origins-Pattern::" in line]
    assert len(origins) == 1, "only security updates are installed by themselves"
    assert "label=Debian-Security" in origins[0]


def test_the_platform_has_a_user_that_cannot_log_in(host: Host, data: dict[str, Any]) -> None:
    user = host.user(data["platform_user"])
    assert user.exists
    assert user.shell == "/usr/sbin/nologin"
    assert user.uid < 1000


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --no-legend --plain") == ""


def test_nothing_of_a_run_is_left_behind(host: Host) -> None:
    assert host.check_output("ls -d /run/tracseq/stage.* /var/tmp/tracseq-* 2>/dev/null || true") == ""
    assert not host.file("/usr/sbin/policy-rc.d").exists
