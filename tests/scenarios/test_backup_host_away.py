"""The backup host is away for longer than WAL is kept for it: that is said, and a full backup begins anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab
from tests.scenarios import postgres
from tests.scenarios.postgres import ask
from tests.scenarios.test_backup import Site, archived, backup, clock, on, record
from tests.scenarios.test_backup import site as site
from tests.scenarios.test_replica_away import AWAY, LIMIT, slot, written
from tests.scenarios.test_status import status

pytestmark = pytest.mark.long


@pytest.fixture
def little_is_kept(site: Site) -> Iterator[None]:
    """The primary keeps little WAL for who is away; afterwards as much as the data says."""
    run = lab.site(*LIMIT)
    assert run.code == 0, run.output
    ask(site.primary, AWAY)
    yield
    ask(site.primary, "drop table away")
    back = lab.site()
    assert back.code == 0, back.output
    assert lab.site().changes == {}


def test_the_database_goes_on_and_a_full_backup_begins_anew(site: Site, little_is_kept: None) -> None:
    lab.pull_the_plug(site.holder)
    written(site.primary, 4, site.holder)
    lab.eventually(lambda: slot(site.primary, site.holder) == "lost")
    said = [one["what"] for one in status().json["findings"] if one["host"] == site.primary]
    assert f"The slot tracseq_backup_{site.holder} is lost: its host was away for too long." in said
    lab.up(site.holder)
    lab.eventually(lambda: "no restore goes past that gap" in str(record(site.holder, "wal")["problems"]), within=120)
    run = lab.site(*LIMIT)
    assert run.code == 0, run.output
    # So little is kept here that it is nearly lost as soon as a segment is written.
    assert slot(site.primary, site.holder) in ("reserved", "extended", "unreserved")
    told = backup(site, "full")
    assert record(site.holder, "full")["result"] == "well", told
    archived(site, clock(site))
    on(site.holder, "systemctl start tracseq-backup-watch")
    assert record(site.holder, "wal")["problems"] == []
    assert postgres.follows(postgres.found())
    assert on(site.holder, "systemctl list-units --failed --no-legend 'tracseq-*'") == ""
