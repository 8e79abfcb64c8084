"""The gateways: each healthy, each with the limits and the sandbox that the data says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

from deploys.settings.units import size
from tests import inventory

testinfra_hosts = inventory.hosts_of("gateways")
UNIT = "tracseq-gateway.service"


def _properties(host: Host, *names: str) -> dict[str, str]:
    shown = host.check_output(f"systemctl show --property={','.join(names)} {UNIT}")
    return dict(line.split("=", 1) for line in shown.splitlines())


def _get(host: Host, data: dict[str, Any], path: str) -> Any:
    return json.loads(host.check_output(f"curl -sS -m 10 http://127.0.0.1:{data['gateway_port']}{path}"))


def test_it_runs_and_comes_back_at_boot(host: Host) -> None:
    service = host.service("tracseq-gateway")
    assert service.is_running
    assert service.is_enabled


def test_it_is_healthy_with_its_database_and_redis(host: Host, data: dict[str, Any]) -> None:
    assert _get(host, data, "/health")["status"] == "ok"
    detailed = _get(host, data, "/health/detailed")
    assert detailed["database"]["status"] == "up"
    assert detailed["redis"]["status"] == "up"


def test_it_is_the_current_release(host: Host) -> None:
    current = host.file("/opt/tracseq/gateway/current")
    assert current.is_symlink
    main = _properties(host, "MainPID")["MainPID"]
    # A link that was switched and not yet applied would show here.
    loaded = host.check_output(f"tr '\\0' '\\n' < /proc/{main}/environ | grep -c ^DATABASE_URL=")
    assert loaded == "1"
    assert host.file(f"{current.linked_to}/.complete").exists


def test_its_sandbox_is_tight(host: Host) -> None:
    lines = host.check_output(f"systemd-analyze security {UNIT} --no-pager").splitlines()
    exposure = float(lines[-1].split(":")[1].split()[0])
    assert exposure <= 2.0


def test_its_limits_are_those_of_the_data(host: Host, data: dict[str, Any]) -> None:
    found = _properties(host, "MemoryMax", "CPUQuotaPerSecUSec", "LimitNOFILE", "Restart", "User")
    assert int(found["MemoryMax"]) == size(data["gateway_memory"])
    assert found["CPUQuotaPerSecUSec"] == f"{data['gateway_cpus']:g}s"
    assert int(found["LimitNOFILE"]) == data["open_files"]
    assert found["Restart"] == "always"
    assert found["User"] == data["platform_user"]


def test_its_secrets_are_closed_to_others(host: Host, data: dict[str, Any]) -> None:
    file = host.file("/etc/tracseq/gateway.env")
    assert (file.user, file.group, file.mode) == ("root", data["platform_user"], 0o640)


def test_it_sees_and_writes_only_what_it_needs(host: Host) -> None:
    main = _properties(host, "MainPID")["MainPID"]
    capabilities = host.check_output(f"grep CapBnd /proc/{main}/status").split()[1]
    assert int(capabilities, 16) == 0
    # In the mount namespace of the service, the system is read only.
    denied = host.run(f"nsenter --target {main} --mount touch /etc/tracseq/written")
    assert denied.rc != 0
    assert "Read-only" in denied.stderr


def test_without_a_balancers_certificate_nobody_is_answered_from_elsewhere(host: Host, data: dict[str, Any]) -> None:
    port = data["gateway_tls_port"]
    if not port:
        pytest.skip("load balancers ask without encryption")
    listens = host.check_output(f"ss -Hltn 'sport = :{data['gateway_port']}'").split()
    assert f"127.0.0.1:{data['gateway_port']}" in listens
    url, ask = (
        f"https://{data['address']}:{port}/health",
        "curl -sS -m 10 -o /dev/null --cacert /etc/tracseq/authority.crt",
    )
    made = host.check_output("mktemp -d")
    host.check_output(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=lb1 -addext subjectAltName=DNS:lb1 "
        f"-keyout {made}/key -out {made}/crt 2>&1"
    )
    own = "/etc/tracseq/gateway-tls/server"
    for shown in ("", f"--cert {made}/crt --key {made}/key", f"--cert {own}.crt --key {own}.key"):
        refused = host.run(f"{ask} {shown} {url}")
        assert refused.rc != 0, shown
    host.check_output(f"rm -r {made}")
    assert host.run(f"curl -sS -m 10 -o /dev/null http://{data['address']}:{port}/health").rc != 0


def test_it_is_started_again_when_it_dies(host: Host, data: dict[str, Any]) -> None:
    before = _properties(host, "MainPID")["MainPID"]
    host.check_output(f"kill -9 {before}")
    url = f"http://127.0.0.1:{data['gateway_port']}/health"
    host.check_output(f"for n in $(seq 100); do curl -sf -m 2 {url} && exit 0; sleep 0.2; done; exit 1")
    assert _properties(host, "MainPID")["MainPID"] not in ("0", before)
