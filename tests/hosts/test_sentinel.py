"""Sentinels: they agree on a master, nobody asks them without a password, and each server has its part."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

from deploys.facts.redis_software import SOFTWARE
from tests import inventory

SERVERS = inventory.group("redis")
if not SERVERS[0].data["redis_sentinel_port"]:
    pytest.skip("the site has one Redis server", allow_module_level=True)
testinfra_hosts = inventory.hosts_of("redis")
CHOSEN = SOFTWARE[SERVERS[0].data["redis_software"]]
ADDRESSES = [one.data["address"] for one in SERVERS]


def ask(host: Host, port: int, command: str) -> list[str]:
    """What a server or Sentinel answers whoever has the password, which is read on the host."""
    file = CHOSEN.sentinel_configuration
    asked = f"{{ sed -n 's/^requirepass /AUTH /p' {file}; echo {command!r}; }}"
    return str(host.check_output(f"{asked} | {CHOSEN.client} -p {port} | tail -n +2")).splitlines()


def test_it_runs_and_comes_back_at_boot(host: Host) -> None:
    service = host.service(CHOSEN.sentinel)
    assert service.is_running
    assert service.is_enabled


def test_nobody_asks_without_the_password(host: Host, data: dict[str, Any]) -> None:
    asked = f"{CHOSEN.client} -h {data['address']} -p {data['redis_sentinel_port']} SENTINEL MASTERS"
    assert "NOAUTH" in host.check_output(asked)


def test_it_knows_the_others_and_a_master_of_the_site(host: Host, data: dict[str, Any]) -> None:
    said = ask(host, data["redis_sentinel_port"], "SENTINEL MASTER tracseq")
    fields = dict(zip(said[::2], said[1::2], strict=True))
    assert fields["ip"] in ADDRESSES
    assert (fields["num-slaves"], fields["num-other-sentinels"], fields["quorum"]) == ("2", "2", "2")


def test_its_server_leads_two_or_follows_whom_the_sentinel_names(host: Host, data: dict[str, Any]) -> None:
    master = ask(host, data["redis_sentinel_port"], "SENTINEL GET-MASTER-ADDR-BY-NAME tracseq")[0]
    part = dict(line.split(":", 1) for line in ask(host, data["redis_port"], "INFO replication") if ":" in line)
    if master == data["address"]:
        assert (part["role"], part["connected_slaves"]) == ("master", "2")
    else:
        assert (part["role"], part["master_host"], part["master_link_status"]) == ("slave", master, "up")


def test_as_a_master_its_server_would_take_writes(host: Host, data: dict[str, Any]) -> None:
    assert ask(host, data["redis_port"], "CONFIG GET min-replicas-to-write")[1] == "1"


@pytest.mark.parametrize("path", [CHOSEN.own, CHOSEN.sentinel_own])
def test_what_it_wrote_is_closed_to_others(host: Host, path: str) -> None:
    file = host.file(path)
    assert (file.user, file.mode & 0o007) == (CHOSEN.user, 0)
