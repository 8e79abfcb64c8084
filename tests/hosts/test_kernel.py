"""Every host: the guide's kernel settings, live where they are the host's to set, and at boot."""

from __future__ import annotations

from typing import Any

from testinfra.host import Host

from tests import inventory

testinfra_hosts = inventory.hosts_of("all")


def test_every_setting_that_the_host_can_set_is_live(host: Host, data: dict[str, Any]) -> None:
    wanted = data["kernel_settings"]
    paths = {key: f"/proc/sys/{key.replace('.', '/')}" for key in wanted}
    own = host.check_output(
        "for path in " + " ".join(paths.values()) + '; do [ -w "$path" ] && echo "$path"; done; true'
    ).split()
    assert own, "a host can set at least some of them"
    for key, path in paths.items():
        if path in own:
            assert " ".join(host.check_output(f"cat {path}").split()) == wanted[key], key


def test_every_setting_is_in_force_at_boot(host: Host, data: dict[str, Any]) -> None:
    lines = host.file("/etc/sysctl.d/60-tracseq.conf").content_string.splitlines()
    found = dict(line.lstrip("-").split(" = ") for line in lines if not line.startswith("#"))
    assert data["kernel_settings"].items() <= found.items()
    # What systemd applies last must be ours: no later file may have another word on it.
    merged = host.check_output("systemd-analyze cat-config sysctl.d").splitlines()
    for key, value in found.items():
        last = [line for line in merged if line.lstrip("-").split("=")[0].strip() == key][-1]
        assert last.split("=")[1].strip() == value


def test_the_congestion_control_is_loaded_at_boot(host: Host, data: dict[str, Any]) -> None:
    modules = host.file("/etc/modules-load.d/60-tracseq.conf").content_string
    assert all(module in modules.splitlines() for module in data["kernel_modules"])


def test_processes_may_open_as_many_files_as_the_data_says(host: Host, data: dict[str, Any]) -> None:
    default = host.check_output("systemctl show --property=DefaultLimitNOFILE --value")
    assert int(default) == data["open_files"]
