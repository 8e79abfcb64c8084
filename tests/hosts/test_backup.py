"""The backup host: it fetches, its passphrase is closed to others, and nobody can connect to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

from deploys.settings.units import duration
from tests import inventory

testinfra_hosts = inventory.hosts_of("backups")

UNITS = ("tracseq-wal-receive.service", "tracseq-wal-push.service")
TIMERS = ("watch", "state", "full", "differential")


@pytest.mark.parametrize(
    "unit", [*UNITS, *(f"tracseq-backup-{timer}.timer" for timer in TIMERS), "tracseq-restore-drill.timer"]
)
def test_what_fetches_runs_and_comes_back_at_boot(host: Host, unit: str) -> None:
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled


@pytest.mark.parametrize(
    "path",
    ["/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest/push.conf", "/etc/tracseq/backup/passphrase",
     "/etc/tracseq/backup/client.key"],
)  # fmt: skip
def test_its_secrets_are_closed_to_others(host: Host, path: str) -> None:
    file = host.file(path)
    assert (file.user, file.group, file.mode) == ("root", "pgbackrest", 0o640)


def test_the_repository_is_closed_and_encrypted(host: Host, data: dict[str, Any]) -> None:
    assert host.file(data["backup_directory"]).mode == 0o750
    (stanza,) = json.loads(host.check_output("runuser -u pgbackrest -- pgbackrest --output=json info"))
    assert stanza["cipher"] == "aes-256-cbc"


def test_it_says_up_to_when_all_is_archived(host: Host, data: dict[str, Any]) -> None:
    allowed = 60 + 2 * duration(data["backup_wal_interval"])
    # A site that has just come up has not been looked at yet.
    said = ""
    for _ in range(90):
        said = host.run("cat /var/lib/tracseq-backup/state/wal.json").stdout
        if said and float(host.check_output("date +%s")) - json.loads(said)["until"] < allowed:
            return
        host.check_output("sleep 2")
    raise AssertionError(said)


def test_its_units_are_shut_in(host: Host) -> None:
    for unit in UNITS:
        exposure = host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        assert "OK" in exposure, exposure


def test_it_has_the_server_to_restore_with_and_no_cluster(host: Host, name: str, data: dict[str, Any]) -> None:
    """What is restored is thrown away or sent: nothing runs here, and the place for it is closed."""
    assert host.check_output("ls /usr/lib/postgresql/*/bin/postgres")
    if "postgres" not in inventory.hosts()[name].groups:
        assert host.check_output("ls /var/lib/postgresql") == ""
        assert not host.process.filter(comm="postgres")
    place = host.file(data["backup_restore_directory"])
    assert (place.user, place.mode) == ("pgbackrest", 0o700)
    assert host.check_output(f"ls {place.path}") == ""
