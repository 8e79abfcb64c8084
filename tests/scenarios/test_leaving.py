"""A host that leaves a group loses its role, and keeps its data; one that must not leave is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lab
from tests.client import client

GROUPS = """
from deploys.settings.lab import host

_lb1, _gw1, _gw2, _gw3 = host("lb1", 11), host("gw1", 21), host("gw2", 22), host("gw3", 23)
_pg1, _pg2, _redis1 = host("pg1", 31), host("pg2", 32), host("redis1", 41)
load_balancers = [_lb1]
{groups}
lab = [_lb1, _gw1, _gw2, _gw3, _pg1, _pg2, _redis1]
"""
LEFT = "gateways = [_gw1, _gw2]\npostgres = [_pg1]\nredis = [_gw3]\n"
"""gw3 is no gateway and has Redis; pg2 is no replica; redis1 has no role any more."""


def inventory(directory: Path, groups: str) -> str:
    """The path of an inventory of the lab's machines; its name gives them the data of group_data/lab.py."""
    path = directory / "lab.py"
    path.write_text(GROUPS.format(groups=groups))
    return str(path)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Run]:
    """The run in which the hosts leave; afterwards they are back."""
    lab.ssh("redis1", "touch /var/lib/redis/kept")
    # The site has no backup host meanwhile; one that still receives would hold its slot.
    lab.ssh("backup1", "systemctl stop tracseq-wal-receive.service")
    path = inventory(tmp_path_factory.mktemp("left"), LEFT)
    yield lab.site(inventory=path)
    # Its primary has kept no WAL for it since: what a former replica has is of no use to it when it is one again.
    lab.ssh("pg2", "rm -rf /var/lib/postgresql/*/main")
    back = lab.site()
    assert back.code == 0, back.output
    assert lab.site().changes == {}


@pytest.mark.parametrize(
    ("name", "unit", "gone", "kept"),
    [
        ("redis1", "redis-server.service", "/etc/redis/redis.conf", "/var/lib/redis/kept"),
        ("gw3", "tracseq-gateway.service", "/etc/tracseq/gateway.env", "/var/lib/tracseq-gateway"),
        ("gw3", "tracseq-gateway.socket", "/opt/tracseq/gateway", "/var/lib/tracseq-gateway"),
        (
            "pg2",
            "postgresql@15-main.service",
            "/etc/tracseq/postgres/passfile",
            "/var/lib/postgresql/15/main/PG_VERSION",
        ),
    ],
)
def test_its_role_is_gone_and_its_data_is_not(left: lab.Run, name: str, unit: str, gone: str, kept: str) -> None:
    assert left.code == 0, left.output
    assert lab.ssh(name, f"systemctl is-active {unit}; true").strip() in ("inactive", "failed")
    assert lab.ssh(name, f"systemctl is-enabled {unit} 2>/dev/null; true").strip() not in ("enabled", "generated")
    assert lab.ssh(name, f"ls {gone} 2>/dev/null; true") == ""
    assert lab.ssh(name, f"ls -d {kept}").strip() == kept
    assert "its data stays:" in left.output


def test_the_firewalls_know_it_no_more(left: lab.Run) -> None:
    assert "6379" not in lab.ssh("redis1", "iptables -S ufw-user-input")
    assert "5432" not in lab.ssh("pg2", "iptables -S ufw-user-input")
    assert "10.77.0.23/32 -p tcp -m tcp --dport 8000" not in lab.ssh("lb1", "iptables -S ufw-user-output")


def test_the_primary_keeps_nothing_for_it(left: lab.Run) -> None:
    slots = "runuser -u postgres -- psql -XAtc 'select slot_name from pg_replication_slots'"
    assert lab.ssh("pg1", f"cd /; {slots}") == ""


def test_the_site_goes_on_without_it(left: lab.Run) -> None:
    with client() as user:
        assert {user.get("/health").json()["hostname"] for _ in range(20)} == {"gw1", "gw2"}


def test_a_second_run_changes_nothing(left: lab.Run, tmp_path: Path) -> None:
    run = lab.site(inventory=inventory(tmp_path, LEFT))
    assert run.code == 0, run.output
    assert run.changes == {}


def test_the_primary_cannot_leave(tmp_path: Path) -> None:
    groups = "gateways = [_gw1, _gw2, _gw3]\npostgres = [_pg2]\nredis = [_redis1]\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data/lab.py").write_text('postgres_first_primary = "pg2"\n')
    run = lab.site("--group-data", str(tmp_path / "data"), inventory=inventory(tmp_path, groups))
    assert run.code != 0
    assert "pg1 is the primary. Keep it in the inventory's group postgres" in run.output
    assert "no host was changed" in run.output
