"""The newest backup is restored to prove it; a dropped table comes back; what cannot be restored says why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests import lab
from tests.backups import REPOSITORY, STATE, begun_anew
from tests.inventory import group
from tests.scenarios import postgres
from tests.scenarios.killed import killed_at
from tests.scenarios.postgres import ask, follows, written_to_by_gateways

RESTORE, DRILL, POINT = "deploys/restore.py", "deploys/restore_drill.py", "deploys/restore_point.py"
DRILL_UNIT = "tracseq-restore-drill.service"
DATA = "/var/lib/postgresql"


@dataclass(frozen=True)
class Site:
    """The hosts that this is about."""

    holder: str
    pair: postgres.Pair

    @property
    def primary(self) -> str:
        return self.pair.primary


def record(holder: str, name: str) -> dict[str, Any]:
    """What the backup host says was done last."""
    found: dict[str, Any] = json.loads(lab.ssh(holder, f"cat {STATE}/{name}.json"))
    return found


def clock(name: str) -> float:
    return float(lab.ssh(name, "date +%s.%N"))


def run(deploy: str, *arguments: str) -> lab.Run:
    return lab.pyinfra("-y", "--json", *arguments, lab.INVENTORY, deploy)


def restored(*arguments: str) -> lab.Run:
    given = [part for argument in arguments for part in ("--data", argument)]
    found = run(RESTORE, *given)
    assert found.code == 0, found.output
    return found


def refused(*arguments: str) -> str:
    """Why a restore is refused; nothing is changed, so it may be asked for in a plan."""
    given = [part for argument in arguments for part in ("--data", argument)]
    found = lab.pyinfra("--dry", *given, lab.INVENTORY, RESTORE)
    assert found.code != 0, found.output
    print(found.output.strip().splitlines()[-1])
    return found.output


def wrong(holder: str) -> list[str]:
    """What status finds wrong with the backups."""
    found = lab.pyinfra("--json", lab.INVENTORY, "deploys/status.py")
    return [one["what"] for one in found.json["findings"] if one["host"] == holder]


@pytest.fixture(scope="module")
def site(site_as_it_should_be: None) -> Iterator[Site]:
    """The site with a new repository; afterwards its hosts have their disks of before."""
    (holder,) = [host.name for host in group("backups", lab.INVENTORY)]
    with postgres.kept() as pair:
        begun_anew(lab.INVENTORY)
        converged = lab.site()
        assert converged.code == 0, converged.output
        lab.eventually(lambda: record(holder, "verification")["result"] == "well", within=120)
        yield Site(holder, pair)


def test_the_newest_backup_is_proved_and_a_damaged_one_is_told(site: Site) -> None:
    done = run(DRILL)
    assert done.code == 0, done.output
    drill = record(site.holder, "drill")
    print({name: drill[name] for name in ("label", "size", "seconds", "age", "tables", "rows", "answer")})
    assert drill["result"] == "well"
    assert lab.ssh(site.holder, "ls /var/lib/tracseq-restore") == ""
    full = f"$(ls -d {REPOSITORY}/backup/main/*F | tail -n 1)"
    file = lab.ssh(site.holder, f"find {full}/pg_data/base -size +2k -type f | sort | head -n 1").strip()
    flip = f"printf '\\377' | dd of={file} bs=1 seek=700 count=1 conv=notrunc status=none"
    lab.ssh(site.holder, f"cp -a {file} /var/tmp/whole; {flip}")
    try:
        failed = run(DRILL)
        assert failed.code != 0
        assert lab.ssh(site.holder, f"systemctl is-failed {DRILL_UNIT}", check=False).strip() == "failed"
        said = [one for one in wrong(site.holder) if one.startswith("The last restore drill did not end well.")]
        print(said)
        assert said
    finally:
        lab.ssh(site.holder, f"cp -a /var/tmp/whole {file}; rm /var/tmp/whole")


def test_a_dropped_table_comes_back(site: Site) -> None:
    word = "select md5(string_agg(number::text || word, ',' order by number)) from sample"
    ask(
        site.primary,
        "create table sample as select number, md5(number::text) as word from generate_series(1, 20000) as number",
    )
    whole = ask(site.primary, word)
    before = ask(site.primary, "select now()")
    time.sleep(1)
    ask(site.primary, "drop table sample; create table since as select 1 as row")
    old = int(ask(site.primary, "select timeline_id from pg_control_checkpoint()"))

    assert "is before the end of the oldest backup" in refused("to_time=2001-01-01 00:00:00 UTC")
    assert "is after all that is archived" in refused("to_time=2999-01-01 00:00:00 UTC")
    assert "There is no restore point nowhere" in refused("to_point=nowhere")
    assert "should have timezone info" in refused("to_time=2026-01-01 00:00:00")

    began = time.monotonic()
    restored(f"to_time={before}")
    beside = time.monotonic() - began
    assert restored(f"to_time={before}").changes == {}
    assert ask(site.primary, "select count(*) from since") == "1", "the running cluster is as it was"

    began, since = time.monotonic(), clock(site.holder)
    switched = restored("switch=true")
    took = time.monotonic() - began
    assert "postgres.public.sample: 20000 rows restored, no table now" in switched.output
    assert "postgres.public.since: no table restored, 1 rows now" in switched.output
    assert ask(site.primary, word) == whole
    assert ask(site.primary, "select to_regclass('since') is null") == "t"
    assert restored("switch=true").changes == {}
    print(f"beside after {beside:.1f} s, switched with its replica in {took:.1f} s, 20000 rows equal")

    lab.eventually(lambda: follows(site.pair), within=60)
    assert ask(site.pair.replica, word) == whole
    new = int(ask(site.primary, "select timeline_id from pg_control_checkpoint()"))
    assert new > old
    for name in lab.names():
        known = lab.ssh(name, "cat /var/lib/tracseq-witness/*[0-9] | cut -d ' ' -f 1-2").split()
        assert known == [str(new), site.primary], f"{name} knows {known}"
    assert lab.ssh(site.primary, f"ls -d {DATA}/*/main.before-*").count("\n") == 1
    lab.eventually(lambda: written_to_by_gateways(site.primary), within=60)
    assert lab.site().changes == {}

    written = clock(site.holder)
    ask(site.primary, "create table afterwards as select 1 as row")
    lab.eventually(lambda: record(site.holder, "wal")["until"] >= written, within=90)
    assert int(record(site.holder, "wal")["segment"][:8], 16) == new
    # The backup that was begun is of the new timeline, and can be restored; so the last drill is well again, too.
    lab.eventually(lambda: record(site.holder, "verification")["at"] > since, within=120)
    assert record(site.holder, "verification")["result"] == "well"
    done = run(DRILL)
    assert done.code == 0, done.output
    assert record(site.holder, "drill")["label"] == record(site.holder, "full")["label"]
    assert not [one for one in wrong(site.holder) if "drill" in one]


def test_it_is_refused_without_the_passphrase(site: Site) -> None:
    files = "/etc/pgbackrest/pgbackrest.conf /etc/pgbackrest/push.conf"
    lab.ssh(site.holder, f"for file in {files}; do cp -p $file $file.kept; done")
    lab.ssh(site.holder, f"sed -i 's/^repo1-cipher-pass=.*/repo1-cipher-pass=none-of-this-site-at-all/' {files}")
    try:
        said = refused()
        assert "The repository cannot be read" in said
        assert "Is BACKUP_PASSPHRASE the one that it was made with?" in said
    finally:
        lab.ssh(site.holder, f"for file in {files}; do mv $file.kept $file; done")


KILLED_MAKING = (("Restore | Cluster is restored", 4.0), ("Restore | It is sent to", 0.3))
KILLED_SWITCHING = (
    ("Switch | The restored cluster is the primary", 0.3),
    ("Switch | What cannot follow", 0.1),
    ("Postgres replica | Copy of the primary", 0.5),
)
"""Operations, and how many seconds after each begins the run is killed."""


@pytest.mark.long
def test_a_restore_that_is_killed_is_finished_by_the_next(site: Site) -> None:
    # The backup that the last switch began must have ended: there is none before it that leads here.
    lab.eventually(lambda: run(DRILL).code == 0, within=180, every=5)
    ask(site.primary, "drop table if exists kept; create table kept as select generate_series(1, 5000) as number")
    for changes in ({"Restore point | Restore point before_the_drop": [site.holder]}, {}):
        made = run(POINT, "--data", "to_point=before_the_drop")
        assert made.code == 0, made.output
        assert made.changes == changes
    ask(site.primary, "drop table kept")
    for operation, after in KILLED_MAKING:
        killed_at(operation, after, "--data", "to_point=before_the_drop", lab.INVENTORY, RESTORE)
    restored("to_point=before_the_drop")
    assert restored("to_point=before_the_drop").changes == {}
    for operation, after in KILLED_SWITCHING:
        killed_at(operation, after, "--data", "switch=true", lab.INVENTORY, RESTORE)
    restored("switch=true")
    assert restored("switch=true").changes == {}
    assert ask(site.primary, "select count(*) from kept") == "5000"
    lab.eventually(lambda: follows(site.pair), within=60)
    assert lab.site().changes == {}
