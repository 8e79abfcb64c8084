"""Redis or Valkey: what keeps a machine from the one of the data, and what follows from it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deploys.controller.redis import software
from deploys.facts.filled import filled
from deploys.facts.machine import Machine, MachineState
from deploys.facts.redis_member import Member, Ports
from deploys.facts.redis_software import REDIS, VALKEY, Software, other
from deploys.settings import declarations
from deploys.settings.shared import Shared
from deploys.settings.site import Site
from tests.unit.status.pretended import SITE

PORTS = Ports(6379, 26379)


def having(name: str) -> Shared:
    return SITE.shared.model_copy(update={"redis_software": name})


def site(name: str) -> Site:
    """A site whose Redis hosts have one of the two."""
    hosts = tuple(replace(host, models={**host.models, Shared: having(name)}) for host in SITE.hosts)
    return replace(SITE, hosts=hosts)


def machine(version: str, *directories: str) -> MachineState:
    return MachineState(values={"version": version}, filled=frozenset(directories))


@pytest.mark.parametrize(
    ("name", "found", "what"),
    [
        ("redis", machine("12"), []),
        ("redis", machine("13", "/var/lib/redis"), []),
        ("valkey", machine("13", "/var/lib/valkey"), []),
        ("valkey", machine("12"), ["Debian 12 has no Valkey"]),
        ("valkey", machine("13", "/var/lib/redis"), ["data of Redis in /var/lib/redis"]),
        ("valkey", machine("12", "/var/lib/redis"), ["Debian 12 has no Valkey", "data of Redis in /var/lib/redis"]),
        ("redis", machine("13", "/var/lib/valkey", "/var/lib/redis"), ["data of Valkey in /var/lib/valkey"]),
    ],
)
def test_what_keeps_a_machine_from_it(name: str, found: MachineState, what: list[str]) -> None:
    obstacles = list(software.obstacles(having(name), found))
    assert [one for _, one, _ in obstacles] == what
    assert {key for key, _, _ in obstacles} <= {f'redis_software = "{name}"'}


def test_what_is_to_be_done_about_data_of_the_other_is_said() -> None:
    ((_, _, wanted),) = software.obstacles(having("valkey"), machine("13", "/var/lib/redis"))
    assert "docs/operations/redis.md" in wanted
    assert 'redis_software = "redis"' in wanted


@pytest.mark.parametrize(("one", "left"), [(REDIS, VALKEY), (VALKEY, REDIS)])
def test_all_that_a_host_has_of_it_is_of_one_of_the_two(one: Software, left: Software) -> None:
    found = site(one.name)
    host = found.host("redis1")
    assert other(one) == left
    assert one.unit in declarations.units(found, host)
    assert left.unit not in declarations.units(found, host)
    assert one.server in declarations.packages_of(found, host)
    assert left.server not in declarations.packages_of(found, host)
    assert [state.path for state in declarations.states(found, host)] == [one.data]
    assert left.name not in Member().command(PORTS, one).replace(left.data, "").replace("requirepass", "")


def test_rules_name_the_programs_of_the_site() -> None:
    text = "journalctl -u redis-server; redis-cli; redis-sentinel"
    assert software.called(text, having("redis")) == text
    assert software.called(text, having("valkey")) == "journalctl -u valkey-server; valkey-cli; valkey-sentinel"


@pytest.mark.parametrize(("name", "said"), [("nothing", ""), ("lost+found", ""), ("dump.rdb", "yes\n")])
def test_what_holds_anything_is_found(name: str, said: str, tmp_path: Path) -> None:
    if name != "nothing":
        (tmp_path / name).touch()
    for path, expected in ((tmp_path, said), (tmp_path / "none", "")):
        script = f"set -eu\n{filled(str(path), 'echo yes')}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == expected


def test_the_directories_of_a_machine_that_hold_anything_are_read() -> None:
    asked = Machine().command((), {}, directories=declarations.looked_into())
    assert "/var/lib/redis" in asked
    assert "/var/lib/valkey" in asked
    assert Machine().process(["filled\t/var/lib/redis"]).filled == {"/var/lib/redis"}


def test_a_member_says_whether_it_has_data_of_the_other() -> None:
    assert Member().process(["other"]).data_of_other
    assert not Member().process(["data"]).data_of_other
