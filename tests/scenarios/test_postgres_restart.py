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
WAITS = "max_connections: waits for a restart of Postgres"


@pytest.fixture
def pair() -> Iterator[Pair]:
    yield found()
    back = lab.site(*RESTART)
    assert back.code == 0, back.output
    assert lab.site().changes == {}


def started(pair: Pair) -> tuple[float, float]:
    """When the primary and its replica were started."""
    when = "select extract(epoch from pg_postmaster_start_time())"
    return float(ask(pair.primary, when)), float(ask(pair.replica, when))


def connections(pair: Pair) -> tuple[int, int]:
    """How many connections the primary and its replica allow."""
    return int(ask(pair.primary, "show max_connections")), int(ask(pair.replica, "show max_connections"))


def waiting() -> dict[str, str]:
    """What waits, by host, as status says it: as something to know, and not as wrong."""
    run = lab.pyinfra("--json", "--data", "maximum_disk_use=99.5", lab.INVENTORY, "deploys/status.py")
    said = [one for one in run.json["findings"] if "waits for a restart of the server" in one["what"]]
    assert not any(one["wrong"] for one in said)
    return {one["host"]: one["what"].partition(":")[0] for one in said}


def site(*arguments: str) -> lab.Run:
    run = lab.site(*arguments)
    assert run.code == 0, run.output
    return run


def test_a_larger_limit_waits_and_the_replica_has_it_first(pair: Pair) -> None:
    before = started(pair)
    for changed in (True, False):
        run = site(*MORE)
        assert bool(run.changes) is changed
        assert f"{pair.primary}: {WAITS}" in run.output
        assert f"{pair.replica}: {WAITS}" in run.output
        assert "--data restart=true" in run.output
    assert started(pair) == before
    assert connections(pair) == (DECLARED, DECLARED)
    # The primary's file is without it: it may start by itself, with its host.
    assert waiting() == {pair.replica: "max_connections"}
    preflight = lab.pyinfra("-y", *MORE, lab.INVENTORY, "deploys/preflight.py")
    assert preflight.code == 0, preflight.output
    assert "waits for a restart" in preflight.output
    run = site(*MORE, *RESTART)
    assert WAITS not in run.output
    primary, replica = started(pair)
    assert before[1] < replica < primary
    assert connections(pair) == (DECLARED + 20, DECLARED + 20)
    assert waiting() == {}
    assert site(*MORE).changes == {}


def test_a_smaller_limit_waits_and_the_primary_has_it_first(pair: Pair) -> None:
    site(*MORE, *RESTART)
    before = started(pair)
    run = site()
    assert f"{pair.primary}: {WAITS}" in run.output
    assert started(pair) == before
    assert waiting() == {pair.primary: "max_connections"}
    # The machines boot meanwhile: no server is kept from starting, or from following.
    lab.reboot(pair.primary, pair.replica)
    lab.eventually(lambda: follows(pair), within=60)
    assert connections(pair) == (DECLARED, DECLARED + 20)
    site(*RESTART)
    primary, replica = started(pair)
    assert primary < replica
    assert connections(pair) == (DECLARED, DECLARED)


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
    status = lab.pyinfra("--json", "--data", "maximum_disk_use=99.5", lab.INVENTORY, "deploys/status.py")
    assert status.code == 1
    wrong = [one["what"] for one in status.json["findings"] if one["wrong"] and one["host"] == pair.primary]
    assert any("until then no backup can be made of it" in what for what in wrong), wrong
    site(*RESTART)
    assert ask(pair.primary, "show archive_mode") == "on"
