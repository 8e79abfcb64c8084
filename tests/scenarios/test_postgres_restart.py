"""A setting that needs a restart of Postgres waits until somebody says so, and is seen meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab
from tests.inventory import group
from tests.scenarios.postgres import UNIT, Pair, ask, follows, found

DECLARED = int(group("postgres", lab.INVENTORY)[0].data["postgres_max_connections"])
MORE = ("--data", f"postgres_max_connections={DECLARED + 20}")
RESTART = ("--data", "restart=true")
SERVERS = ("--limit", "postgres")
WAITS = "max_connections: waits for a restart of Postgres"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    yield found()
    site(*RESTART)
    assert lab.site().changes == {}


def site(*arguments: str) -> lab.Run:
    run = lab.site(*arguments)
    assert run.code == 0, run.output
    return run


def started(pair: Pair) -> tuple[float, float]:
    """When the primary and its replica were started."""
    when = "select extract(epoch from pg_postmaster_start_time())"
    return float(ask(pair.primary, when)), float(ask(pair.replica, when))


def connections(pair: Pair) -> tuple[int, int]:
    """How many connections the primary and its replica allow."""
    return int(ask(pair.primary, "show max_connections")), int(ask(pair.replica, "show max_connections"))


def status() -> lab.Run:
    return lab.pyinfra("--json", "--data", "maximum_disk_use=99.5", lab.INVENTORY, "deploys/status.py")


def waiting() -> dict[str, str]:
    """What waits, by host, as status says it: as something to know, and not as wrong."""
    said = [one for one in status().json["findings"] if "waits for a restart of the server" in one["what"]]
    assert not any(one["wrong"] for one in said)
    return {one["host"]: one["what"].partition(":")[0] for one in said}


def test_limits_wait_and_each_server_can_start_by_itself_meanwhile(pair: Pair) -> None:
    before = started(pair)
    for changed in (True, False):
        run = site(*SERVERS, *MORE)
        assert bool(run.changes) is changed
        assert f"{pair.primary}: {WAITS}" in run.output
        assert f"{pair.replica}: {WAITS}" in run.output
        assert "--data restart=true" in run.output
    assert started(pair) == before
    assert connections(pair) == (DECLARED, DECLARED)
    # The primary's file is without it.
    assert waiting() == {pair.replica: "max_connections"}
    preflight = lab.pyinfra("-y", *SERVERS, *MORE, lab.INVENTORY, "deploys/preflight.py")
    assert preflight.code == 0, preflight.output
    assert "waits for a restart" in preflight.output

    run = site(*SERVERS, *MORE, *RESTART)
    assert WAITS not in run.output
    grown = started(pair)
    assert before[1] < grown[1] < grown[0], "the replica was restarted first"
    assert connections(pair) == (DECLARED + 20, DECLARED + 20)

    run = site(*SERVERS)
    assert f"{pair.primary}: {WAITS}" in run.output
    assert started(pair) == grown
    assert waiting() == {pair.primary: "max_connections"}
    for name in (pair.primary, pair.replica):
        lab.ssh(name, f"systemctl restart {UNIT}")
    lab.eventually(lambda: follows(pair), within=60)
    assert connections(pair) == (DECLARED, DECLARED + 20)

    site(*SERVERS, *RESTART)
    primary, replica = started(pair)
    assert primary < replica, "the primary was restarted first"
    assert connections(pair) == (DECLARED, DECLARED)
    assert waiting() == {}


def test_of_a_server_that_archives_nothing_no_backup_is_tried(pair: Pair) -> None:
    # As on a site that gets its first host for backups.
    ask(pair.primary, "alter system set archive_mode = off")
    lab.ssh(pair.primary, f"systemctl restart {UNIT}")
    ask(pair.primary, "alter system reset archive_mode")
    lab.ssh(pair.primary, f"systemctl reload {UNIT}")
    lab.eventually(lambda: ask(pair.primary, "select name from pg_settings where pending_restart") == "archive_mode")
    run = site()
    assert f"no backup can be made of {pair.primary} until it is restarted" in run.output
    assert run.changes == {}
    said = status()
    assert said.code == 1
    wrong = [one["what"] for one in said.json["findings"] if one["wrong"] and one["host"] == pair.primary]
    assert any("until then no backup can be made of it" in what for what in wrong), wrong
    site(*SERVERS, *RESTART)
    assert ask(pair.primary, "show archive_mode") == "on"
