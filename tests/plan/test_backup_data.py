"""What is wrong with the data of backups is said before a host is touched."""

from __future__ import annotations

import pytest

from tests.plan.conftest import PlannedCopy

UNTOUCHED = "no host was touched"


def inventory(copy: PlannedCopy, line: str) -> str:
    """The pretended site with another group of backup hosts."""
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    (copy.directory / "other.py").write_text(text.replace('backups = [_host("backup1", 51)]', line))
    return "other.py"


def test_a_postgres_host_as_backup_host_is_refused_unless_the_data_says_so(copy: PlannedCopy) -> None:
    other = inventory(copy, "backups = [postgres[0]]")
    run = copy.plan(inventory=other)
    assert run.code != 0
    assert "pg1 is in the groups backups and postgres: who takes over a Postgres host could delete the backups" in (
        run.output
    )
    assert UNTOUCHED in run.output
    assert copy.plan("--data", "backup_on_postgres_host=true", inventory=other).code == 0


def test_two_backup_hosts_are_refused(copy: PlannedCopy) -> None:
    run = copy.plan(inventory=inventory(copy, 'backups = [_host("backup1", 51), _host("backup2", 52)]'))
    assert run.code != 0
    assert "the inventory's group backups has 2 hosts (backup1, backup2)" in run.output


def test_a_site_without_a_backup_host_needs_no_passphrase(copy: PlannedCopy) -> None:
    lines = [line for line in copy.secrets.read_text().splitlines() if not line.startswith("BACKUP_PASSPHRASE")]
    copy.secrets.write_text("\n".join(lines))
    run = copy.plan()
    assert run.code != 0
    assert ".env.plan: BACKUP_PASSPHRASE is missing." in run.output
    assert copy.plan(inventory=inventory(copy, "")).code == 0


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ('{"type": "s3", "path": "bucket"}', "a second place of type s3 needs endpoint"),
        ('{"type": "sftp", "path": "backups", "host": "nas"}', "a second place of type sftp needs user and host_key"),
        (
            '{"type": "s3", "path": "bucket", "endpoint": "https://s3.example.org"}',
            ".env.plan: BACKUP_S3_KEY is missing, and backup_second_place needs it.",
        ),
        (
            '{"type": "s3", "path": "bucket", "endpoint": "http://10.0.0.98:9000"}',
            "backup_second_place.endpoint is at port 9000: give backup_second_place_port the same.",
        ),
        (
            '{"type": "sftp", "path": "backups", "host": "10.0.0.98", "user": "vault", "host_key": "ssh-ed25519 A"}',
            "backup_second_place of type sftp needs backup_second_place_port, such as 22.",
        ),
        ('{"type": "ftp", "path": "bucket"}', "backup_second_place.type"),
    ],
)
def test_a_second_place_that_is_not_complete(copy: PlannedCopy, place: str, sentence: str) -> None:
    run = copy.plan("--data", f"backup_second_place={place}")
    assert run.code != 0
    assert sentence in run.output
    assert UNTOUCHED in run.output


def test_an_interval_that_its_watch_could_never_keep(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "backup_wal_interval=10m")
    assert run.code != 0
    assert "backup_wal_maximum_age (in group_data/backups.py) must be at least twice backup_wal_interval" in run.output
