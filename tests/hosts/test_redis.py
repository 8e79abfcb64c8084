"""Redis: nobody without the password, what is written stays, and it runs with its file."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

from deploys.facts.redis_software import SOFTWARE, Software, other
from tests import inventory

testinfra_hosts = inventory.hosts_of("redis")


@pytest.fixture
def software(data: dict[str, Any]) -> Software:
    """Which server it is."""
    return SOFTWARE[data["redis_software"]]


@pytest.fixture
def redis(host: Host, data: dict[str, Any], software: Software) -> Any:
    """Ask Redis with the password, which is read on the host and goes over standard input."""

    def ask(command: str) -> str:
        return str(
            host.check_output(
                f"(sed -n 's/^requirepass \"\\(.*\\)\"$/AUTH \\1/p' {software.configuration}; "
                f"printf '%s\\n' {command!r}) | {software.client} -p {data['redis_port']} | tail -n +2"
            )
        )

    return ask


def test_it_runs_and_comes_back_at_boot(host: Host, software: Software) -> None:
    service = host.service(software.server)
    assert service.is_running
    assert service.is_enabled


def test_the_other_software_neither_runs_nor_has_data(host: Host, software: Software) -> None:
    left = other(software)
    assert not host.service(left.server).is_running
    assert host.run(f"find {left.data} -mindepth 1 -print -quit").stdout == ""


def test_nobody_gets_in_without_the_password(host: Host, data: dict[str, Any], software: Software) -> None:
    answer = host.check_output(f"{software.client} -h {data['address']} -p {data['redis_port']} PING")
    assert "NOAUTH" in answer
    assert "WRONGPASS" in host.check_output(f"(echo AUTH wrong) | {software.client} -p {data['redis_port']}")


def test_it_runs_with_what_is_on_disk(host: Host, redis: Any, software: Software) -> None:
    lines = host.file(software.configuration).content_string.splitlines()
    on_disk = dict(line.split(" ", 1) for line in lines if line and line[0] not in "#")
    for key in ("appendonly", "maxmemory-policy", "appendfsync", "port"):
        assert redis(f"CONFIG GET {key}").splitlines()[-1] == on_disk[key]
    assert int(redis("CONFIG GET maxmemory").splitlines()[-1]) == int(on_disk["maxmemory"])


def test_what_is_written_survives_a_kill(host: Host, redis: Any, software: Software) -> None:
    if "role:slave" in redis("INFO replication"):
        pytest.skip("it takes no writes: it is a replica")
    if "connected_slaves:0" not in redis("INFO replication"):
        pytest.skip("a replica would take its place: tests/scenarios/test_redis_failover.py")
    redis("SET tracseq:test:survives yes")
    redis("WAITAOF 1 0 2000")
    unit = software.unit
    host.check_output(f"sleep 1.1; kill -9 $(systemctl show --property=MainPID --value {unit}); sleep 1")
    host.check_output(f"for n in $(seq 50); do systemctl is-active -q {unit} && break; sleep 0.1; done")
    assert redis("GET tracseq:test:survives") == "yes"
    redis("DEL tracseq:test:survives")


def test_it_listens_on_the_site_only(host: Host, data: dict[str, Any]) -> None:
    port = data["redis_port"]
    listening = host.check_output(f"ss -Hltn sport = :{port}").splitlines()
    addresses = {line.split()[3].rsplit(":", 1)[0].strip("[]") for line in listening}
    allowed = {"127.0.0.1", "::1", data["address"], data.get("address6")}
    assert addresses <= allowed


def test_its_file_is_closed_to_others(host: Host, software: Software) -> None:
    file = host.file(software.configuration)
    assert (file.user, file.group, file.mode) == (software.user, software.user, 0o640)


def test_other_hosts_are_answered_where_they_show_a_certificate_of_the_site(
    host: Host, data: dict[str, Any], software: Software
) -> None:
    port = data["redis_tls_port"]
    if not port:
        pytest.skip("it is asked without encryption")
    made = host.check_output("mktemp -d")
    host.check_output(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=gw1 -keyout {made}/key -out {made}/crt 2>&1"
    )
    own = "/etc/tracseq/redis/member"
    ask = f"{software.client} -h {data['address']} -p {port} --tls --cacert /etc/tracseq/authority.crt"
    foreign = host.run(f"{ask} --cert {made}/crt --key {made}/key PING")
    host.check_output(f"rm -r {made}")
    assert "NOAUTH" in host.check_output(f"{ask} --cert {own}.crt --key {own}.key PING")
    for said in (foreign, host.run(f"{ask} PING"), host.run(f"{software.client} -h {data['address']} -p {port} PING")):
        assert "NOAUTH" not in said.stdout + said.stderr
        assert "PONG" not in said.stdout
    key = host.file(f"{own}.key")
    assert (key.user, key.group, key.mode) == ("root", software.user, 0o640)
