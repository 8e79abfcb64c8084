"""The guards of services that authenticate nobody: nothing is answered without a certificate, and in a sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

from deploys.roles.guard.declaration import UNIT
from deploys.settings.service import Service
from tests import inventory

CATALOGUE: dict[str, Any] = next(iter(inventory.hosts().values())).data["services"]
GUARDED = [
    (host, port, own_port)
    for one in map(Service.model_validate, CATALOGUE.values())
    for host in one.hosts
    for port, own_port in zip(one.ports, one.own_ports, strict=True)
    if one.guard_port
]
"""Each instance: its host, the port of its guard, its own."""
if not GUARDED:
    pytest.skip("the site has no service with a guard", allow_module_level=True)
config = inventory.ssh_config()
EXPOSURE = 1.5


def on(name: str) -> Host:
    import testinfra

    return testinfra.get_host(f"ssh://{name}?ssh_config={config}&sudo=true")


@pytest.mark.parametrize("name", sorted({host for host, _, _ in GUARDED}))
def test_it_runs_apart_from_any_other_nginx_and_in_a_sandbox(name: str) -> None:
    host = on(name)
    assert host.service(UNIT).is_running
    assert host.service(UNIT).is_enabled
    lines = host.check_output(f"systemd-analyze security {UNIT} --no-pager").splitlines()
    assert float(lines[-1].split(":")[1].split()[0]) <= EXPOSURE
    key = host.file("/etc/tracseq/guard/server.key")
    assert (key.user, key.group, key.mode) == ("root", "root", 0o600)


@pytest.mark.parametrize(("name", "port", "own_port"), GUARDED)
def test_it_answers_nobody_without_a_certificate(name: str, port: int, own_port: int) -> None:
    host, address = on(name), inventory.hosts()[name].data["address"]
    ask = "curl -s -m 5 -o /dev/null -w '%{http_code}' --cacert /etc/tracseq/authority.crt"
    assert host.check_output(f"{ask} https://{address}:{port}/") == "400"
    refused = host.run(f"curl -s -m 5 http://{address}:{own_port}/").rc == 7
    assert refused, "what it guards listens on the loopback alone"
