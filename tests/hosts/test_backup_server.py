"""Postgres hosts of a site with backups: the backup host may read there, and change nothing."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests import inventory

testinfra_hosts = inventory.hosts_of("postgres")
UNIT = "tracseq-backup-server.service"

pytestmark = pytest.mark.skipif(not inventory.group("backups"), reason="this site has no backup host")


def inside(host: Host, command: str) -> str:
    """What a command prints in the room of the server, as its user and with its rights."""
    pid = host.check_output(f"systemctl show --property=MainPID --value {UNIT}")
    done = host.run(
        f"nsenter --target={pid} --mount setpriv --reuid=pgbackrest --regid=pgbackrest --clear-groups"
        f" --inh-caps=+dac_read_search --ambient-caps=+dac_read_search --bounding-set=-all,+dac_read_search"
        f" --no-new-privs sh -c '{command}' 2>&1"
    )
    return str(done.stdout)


def test_it_runs_and_comes_back_at_boot(host: Host) -> None:
    assert host.service(UNIT).is_running
    assert host.service(UNIT).is_enabled


def test_it_reads_the_cluster_and_cannot_write_it(host: Host) -> None:
    data = host.check_output("ls -d /var/lib/postgresql/*/main")
    assert inside(host, f"cat {data}/PG_VERSION").strip().isdigit()
    assert "Read-only file system" in inside(host, f"touch {data}/written")
    assert "Read-only file system" in inside(host, f"rm {data}/PG_VERSION")


def test_it_sees_nothing_else(host: Host) -> None:
    assert "No such file" in inside(host, "cat /etc/shadow")
    assert "No such file" in inside(host, "ls /var/lib/tracseq")


def test_its_role_may_read_no_table_and_write_nothing(host: Host) -> None:
    psql = "psql -XAtq --username=backup --dbname=postgres --host=/run/postgresql --command"
    port = host.check_output("sed -n 4p /var/lib/postgresql/*/main/postmaster.pid")
    for statement in ("table pg_authid", "create table public.written (row int)", "select pg_ls_dir('.')"):
        done = host.run(f'cd / && runuser -u pgbackrest -- {psql} "{statement}" --port={port}')
        assert done.rc != 0
        assert "permission denied" in done.stderr or "in a read-only transaction" in done.stderr
