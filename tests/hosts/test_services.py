"""The services of the catalogue: each instance runs its release, well, within its limits and its sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

from deploys.settings.service import Service
from deploys.settings.units import size
from tests import inventory

CATALOGUE: dict[str, Any] = next(iter(inventory.hosts().values())).data["services"]
INSTANCES = [
    (host, name, port)
    for name, entry in CATALOGUE.items()
    for host in entry.get("hosts", ())
    for port in Service.model_validate(entry).own_ports
]
"""Each instance: its host, the name of its service, its port."""
if not INSTANCES:
    pytest.skip("the site runs no service itself", allow_module_level=True)
config = inventory.ssh_config()
EXPOSURE = 1.5


@pytest.fixture(params=INSTANCES, ids=lambda one: "-".join(map(str, one)))
def instance(request: pytest.FixtureRequest) -> tuple[Host, str, int]:
    """One instance, and a way to its host."""
    import testinfra

    name, service, port = request.param
    return testinfra.get_host(f"ssh://{name}?ssh_config={config}&sudo=true"), service, port


def unit(name: str, port: int) -> str:
    return f"tracseq-service-{name}-{port}.service"


def properties(host: Host, name: str, port: int, *wanted: str) -> dict[str, str]:
    shown = host.check_output(f"systemctl show --property={','.join(wanted)} {unit(name, port)}")
    return dict(line.split("=", 1) for line in shown.splitlines())


def test_it_runs_its_release_and_is_well(instance: tuple[Host, str, int]) -> None:
    host, name, port = instance
    health = CATALOGUE[name].get("health", "/health")
    assert host.check_output(f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{port}{health}") == "200"
    assert host.service(unit(name, port)).is_enabled
    link = host.check_output(f"readlink /opt/tracseq/services/{name}/{port}")
    assert host.file(f"/opt/tracseq/services/{name}/{link}/.complete").exists


def test_its_sandbox_is_tight(instance: tuple[Host, str, int]) -> None:
    host, name, port = instance
    lines = host.check_output(f"systemd-analyze security {unit(name, port)} --no-pager").splitlines()
    assert float(lines[-1].split(":")[1].split()[0]) <= EXPOSURE
    main = properties(host, name, port, "MainPID")["MainPID"]
    status = host.check_output(f"cat /proc/{main}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"
    # By the way of its own root, which an image has to itself.
    denied = host.run(f"touch /proc/{main}/root/usr/written")
    assert denied.rc != 0
    assert "Read-only" in denied.stderr


def test_its_limits_are_those_of_the_catalogue(instance: tuple[Host, str, int]) -> None:
    host, name, port = instance
    entry = Service.model_validate(CATALOGUE[name])
    found = properties(host, name, port, "MemoryMax", "CPUQuotaPerSecUSec", "TasksMax", "Restart")
    assert int(found["MemoryMax"]) == size(entry.memory)
    assert found["CPUQuotaPerSecUSec"] == (f"{entry.cpus:g}s" if entry.cpus >= 1 else f"{entry.cpus * 1000:g}ms")
    assert int(found["TasksMax"]) == entry.tasks
    assert found["Restart"] == "always"


def test_what_it_is_told_is_closed_to_others(instance: tuple[Host, str, int]) -> None:
    host, name, port = instance
    file = host.file(f"/etc/tracseq/services/{name}-{port}.env")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


@pytest.mark.parametrize("name", sorted({host for host, _, _ in INSTANCES}))
def test_a_host_has_no_services_but_these(name: str) -> None:
    import testinfra

    host = testinfra.get_host(f"ssh://{name}?ssh_config={config}&sudo=true")
    listed = host.check_output("ls /etc/systemd/system | grep ^tracseq-service-.*service$")
    assert set(listed.split()) == {unit(service, port) for where, service, port in INSTANCES if where == name}
