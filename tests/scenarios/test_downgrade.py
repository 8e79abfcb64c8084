"""A migration that took away what the release before uses is taken back, all or nothing, and that one serves again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.facts.gateway import DIRECTORY
from tests import lab, ledger
from tests.client import client
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, releases
from tests.scenarios.killed import killed_where_it_gets_there

pytestmark = pytest.mark.long

DOWNGRADE, ROLLBACK = "deploys/downgrade.py", "deploys/rollback.py"
GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
[HOLDER] = [host.name for host in group("backups", lab.INVENTORY)]
RATE = 100
AUDIT = "src/tracseq_gateway/audit"
FILE = f"{AUDIT}/migrations/versions/0003_remembered.py"
MIGRATION = '''"""What technicians noted has a table, and the trace of a request a shorter name."""

from alembic import op

revision = "0003"
down_revision = "0002"
contracts = True


def upgrade() -> None:
    """Releases from before write to the longer name."""
    op.execute("ALTER TABLE audit_event RENAME COLUMN trace_id TO trace")
    op.execute("CREATE TABLE remembered AS SELECT generate_series(1, 1000) AS number")


def downgrade() -> None:
    """Drop the table, and go back to the longer name."""
    op.execute("DROP TABLE remembered")
    op.execute("ALTER TABLE audit_event RENAME COLUMN trace TO trace_id")
'''
BROKEN = f'{MIGRATION}    op.execute("SELECT 1 / 0")\n'
"""It fails once all else is done."""
INSERT = "audit_event (occurred_at, id, request_id, trace_id"
CHANGES = [(f"{AUDIT}/delivery.py", INSERT, INSERT.removesuffix("_id"))]
STOPS = "The gateways stop, and the database goes back to migration 0002"
KILLED = (
    ("Downgrade | A backup from before", 0.2),
    (STOPS, 0.3),
    (STOPS, 2.0),
    ("Gateway | Gateway runs it", 0.3),
    ("Gateway | Gateway runs it", 2.0),
)
"""Operations, and how many seconds after each begins the run is killed."""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    yield
    ledger.gone()
    if tables() != OLD:
        # Whatever failed, the lab goes on with this repository's release.
        rename = "alter table audit_event rename column trace to trace_id"
        ask(f"drop table remembered; {rename}; update alembic_version set version_num = '0002'; select 1")
    assert lab.site().code == 0


def current() -> dict[str, str]:
    return {name: lab.ssh(name, f"readlink {DIRECTORY}/current").strip().rpartition("/")[2] for name in GATEWAYS}


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    """What the gateways have of this repository."""
    return current()


def ask(query: str) -> str:
    """What the primary says of the gateways' tables."""
    return postgres.ask(postgres.found().primary, f"\\c {ledger.database()}\n{query}").splitlines()[-1]


def tables() -> tuple[str, str, str]:
    """The migration, the name of the trace, and whether the new table is there."""
    columns = "select column_name from information_schema.columns"
    column = f"{columns} where table_name = 'audit_event' and column_name like 'trace%'"
    there = "select to_regclass('remembered') is not null"
    return ask("select version_num from alembic_version"), ask(column), ask(there)


OLD, NEW = ("0002", "trace_id", "f"), ("0003", "trace", "t")


def delivered() -> bool:
    """Whether what is written now is in the audit trail before long: who writes to a name that is not there cannot."""
    path = f"/api/samples/{time.time_ns()}"
    with client(lab.INVENTORY) as asking:
        asking.post(path, headers=releases.authorization())
    return bool(lab.eventually(lambda: int(ask(f"select count(*) from audit_event where path = '{path}'")) == 1))


def test_one_that_fails_leaves_all_as_it_was(plain: dict[str, str], tmp_path: Path) -> None:
    broken = releases.another(tmp_path, changes=CHANGES, files={FILE: BROKEN})
    assert lab.site(directory=broken).code == 0
    newer = current()
    assert set(newer.values()).isdisjoint(plain.values())
    assert tables() == NEW
    refused = lab.pyinfra("--dry", lab.INVENTORY, ROLLBACK)
    assert refused.code != 0
    assert "migration 0003 took away what it uses" in refused.output
    assert DOWNGRADE in refused.output
    planned = lab.pyinfra("--dry", lab.INVENTORY, DOWNGRADE)
    assert planned.code == 0, planned.output
    assert "Migration 0003 is taken back, and what only it has place for will be gone: What tech" in planned.output
    assert f"Once they have stopped {HOLDER} makes the restore point before_downgrade_to_0002_" in planned.output
    left_out = lab.pyinfra("--dry", "--limit", GATEWAYS[0], lab.INVENTORY, DOWNGRADE)
    assert left_out.code != 0
    assert f"{', '.join(GATEWAYS[1:])} are left out or not reached" in left_out.output
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.pyinfra("-y", lab.INVENTORY, DOWNGRADE)
        judge.more(RATE)
    assert run.code != 0
    assert "division by zero" in run.output
    for name in GATEWAYS:
        assert f"{name} is back with the release that it had" in run.output
    assert (tables(), current()) == (NEW, newer)
    assert ask("select count(*) from remembered") == "1000"
    assert judge.lost(postgres.found().primary) == set()
    print(f"\nfailed: nobody was answered for up to {judge.longest:.1f} s")
    # The gateways are as that release has them.
    assert not [name for name in lab.site(directory=broken).changes if name.startswith("Gateway")]


def test_killed_anywhere_it_is_finished_by_the_next_run(plain: dict[str, str], tmp_path: Path) -> None:
    newer = releases.another(tmp_path, changes=CHANGES, files={FILE: MIGRATION})
    assert lab.site(directory=newer).code == 0
    assert tables() == NEW
    assert delivered()
    # The one before has the migration too: it is gone back to an older one.
    named = ("--data", f"release={plain[GATEWAYS[0]]}")
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        reached = killed_where_it_gets_there(KILLED, *named, lab.INVENTORY, DOWNGRADE)
        run = lab.pyinfra("-y", *named, lab.INVENTORY, DOWNGRADE)
        judge.more(RATE)
    print(f"\nkilled at {', '.join(reached)}: nobody was answered for up to {judge.longest:.1f} s")
    assert run.code == 0, run.output
    assert len(reached) >= 4
    assert tables() == OLD
    assert current() == plain
    assert judge.lost(postgres.found().primary) == set()
    assert delivered()
    again = lab.pyinfra("-y", "--json", *named, lab.INVENTORY, DOWNGRADE)
    assert (again.code, again.changes) == (0, {}), again.output
    assert "No migration has to go" in again.output
    assert lab.site().changes == {}


def test_undisturbed_it_takes_seconds_and_there_is_a_way_back(plain: dict[str, str], tmp_path: Path) -> None:
    newer = releases.another(tmp_path, changes=CHANGES, files={FILE: MIGRATION})
    assert lab.site(directory=newer).code == 0
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.pyinfra("-y", lab.INVENTORY, DOWNGRADE)
        judge.more(RATE)
    assert run.code == 0, run.output
    assert (tables(), current()) == (OLD, plain)
    assert judge.lost(postgres.found().primary) == set()
    assert delivered()
    print(f"\nnobody was answered for up to {judge.longest:.1f} s")
    [point] = set(re.findall(r"before_downgrade_to_0002_\w+", run.output))
    assert point in lab.ssh(HOLDER, "cat /var/lib/tracseq-backup/state/points.json")
    assert lab.site().changes == {}
