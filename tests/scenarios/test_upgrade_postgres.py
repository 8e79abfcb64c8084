"""A site goes from Debian 12 to 13 in place, and its Postgres from 15 to 17, whatever is killed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import lab
from tests.scenarios.killed import killed_where_it_gets_there

pytestmark = pytest.mark.long

UPGRADE = "deploys/upgrade_postgres.py"
PRIMARY, REPLICA = HOSTS = ("one1", "two1")
INVENTORY = """
from deploys.settings import lab as _lab

_all_in_one, _follower = _lab.host("one1", 71, "bookworm"), _lab.host("two1", 72, "bookworm")
load_balancers, gateways, redis = [_all_in_one], [_all_in_one], [_all_in_one]
postgres, backups = [_all_in_one, _follower], [_follower]
lab = [_all_in_one, _follower]
"""
DEBIAN = """
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
sed -i s/bookworm/trixie/g /etc/apt/sources.list
apt-get --quiet=2 update
apt-get --yes --quiet=2 --no-install-recommends -o Dpkg::Options::=--force-confdef \\
  -o Dpkg::Options::=--force-confold full-upgrade
"""
"""As docs/operations/another-debian.md has it, without its questions."""
ROWS = "select md5(string_agg(name, ',' order by name)) from sample"
BTREES = """select count(bt_index_check(indexrelid, true)) from pg_index join pg_class on pg_class.oid = indexrelid
  join pg_am on pg_am.oid = relam where amname = 'btree' and relpersistence = 'p'"""
KILLED_BEFORE_ITS_POWER = (
    ("Upgrade | pg_upgrade finds nothing in the way", 2.0),
    ("Upgrade | one1 stops, and its replicas have all that it wrote", 0.3),
    ("Upgrade | All WAL of the old version is in the repository", 0.3),
    ("Replicas and repository have all WAL of the old version", 1.5),
)
KILLED_AFTER = (
    ("Upgrade | The replica's old data is put aside", 0.0),
    ("Postgres primary | Server", 0.5),
    ("Upgrade | Statistics and extensions", 0.5),
    ("Postgres replica | Copy of the primary", 0.5),
)
"""Operations, and how many seconds after each begins the run is killed."""


@pytest.fixture(scope="module", autouse=True)
def site_as_it_should_be() -> Iterator[None]:
    """Not the whole lab: a site of two machines, which is made for this and taken away after it."""
    lab.destroy(*HOSTS)
    yield
    lab.destroy(*HOSTS)


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The smallest site of the lab, on the older Debian; by its name it has that one's data."""
    path = tmp_path_factory.mktemp("upgrade") / "lab_smallest.py"
    path.write_text(INVENTORY)
    lab.up(*HOSTS, inventory=str(path))
    run = lab.site(inventory=str(path))
    assert run.code == 0, run.output
    return str(path)


def ask(name: str, query: str, inventory: str) -> str:
    """What a server answers to its superuser."""
    psql = "cd /; runuser -u postgres -- psql -XAtq --port=5433 --dbname=postgres"
    return lab.ssh(name, f"{psql} <<'SQL'\n{query};\nSQL\n", inventory=inventory).strip()


def streams(inventory: str) -> bool:
    return ask(REPLICA, "select status from pg_stat_wal_receiver", inventory) == "streaming"


def new_debian(name: str, inventory: str) -> None:
    """Have a machine upgraded to the newer Debian, and booted with it."""
    unit = "systemd-run --quiet --unit=debian --property=Type=oneshot --no-block sh -e /root/debian"
    lab.ssh(name, f"cat > /root/debian <<'EOF'{DEBIAN}EOF\n{unit}", inventory=inventory)
    ended = "systemctl show --property=ActiveState --value debian.service"
    lab.eventually(
        lambda: lab.ssh(name, ended, inventory=inventory).strip() in ("inactive", "failed"), within=900, every=2
    )
    assert lab.ssh(name, "cat /etc/debian_version", inventory=inventory).startswith("13.")
    lab.reboot(name, inventory=inventory)


def test_a_new_debian_leaves_the_old_postgres_running(inventory: str) -> None:
    rows = "create table sample as select i as id, md5(i::text) as name from generate_series(1, 100000) as i"
    german = 'create table ordered (name text collate "de-x-icu" unique); insert into ordered select name from sample'
    ask(PRIMARY, f"{rows}; create index on sample (name); {german}", inventory)
    before = ask(PRIMARY, ROWS, inventory)
    new_debian(REPLICA, inventory)
    lab.eventually(lambda: streams(inventory), within=120)
    early = lab.pyinfra("--dry", inventory, UPGRADE)
    assert early.code != 0
    assert "need the same Debian release first: one1 has Debian 12, two1 has Debian 13" in early.output
    new_debian(PRIMARY, inventory)
    lab.eventually(lambda: streams(inventory), within=120)
    assert ask(PRIMARY, "show server_version_num", inventory).startswith("15")
    run = lab.site(inventory=inventory)
    assert run.code == 0, run.output
    assert lab.site(inventory=inventory).changes == {}
    assert ask(PRIMARY, ROWS, inventory) == before
    ask(PRIMARY, "create extension amcheck", inventory)
    assert int(ask(PRIMARY, BTREES, inventory)) > 0


def test_it_says_what_it_would_do(inventory: str) -> None:
    dry = lab.pyinfra("--dry", inventory, UPGRADE)
    assert dry.code == 0, dry.output
    assert "one1 is the primary of Postgres 15" in dry.output
    assert "writes wait for about" in dry.output
    assert "1 indexes are in the order of a collation" in dry.output
    assert ask(PRIMARY, "show server_version_num", inventory).startswith("15")


def test_what_pg_upgrade_refuses_stops_nothing(inventory: str) -> None:
    # Postgres 16 stores it otherwise.
    ask(PRIMARY, "create table refused (entry aclitem)", inventory)
    refused = lab.pyinfra("-y", inventory, UPGRADE)
    assert refused.code != 0
    assert "public.refused.entry" in refused.output
    assert "Nothing was stopped or changed" in refused.output
    assert streams(inventory)
    ask(PRIMARY, "drop table refused", inventory)


def test_killed_anywhere_it_is_finished_by_the_next_run(inventory: str) -> None:
    before = ask(PRIMARY, ROWS, inventory)
    reached = killed_where_it_gets_there(KILLED_BEFORE_ITS_POWER, inventory, UPGRADE)
    lab.reboot(PRIMARY, inventory=inventory)
    reached += killed_where_it_gets_there(KILLED_AFTER, inventory, UPGRADE)
    print(f"\nkilled at {', '.join(reached)}")
    assert len(reached) >= 5
    run = lab.pyinfra("-y", inventory, UPGRADE)
    assert run.code == 0, run.output
    lab.eventually(lambda: streams(inventory), within=60)
    for name in HOSTS:
        assert ask(name, "show server_version_num", inventory).startswith("17")
        assert ask(name, ROWS, inventory) == before
    assert int(ask(PRIMARY, BTREES, inventory)) > 0
    assert ask(PRIMARY, "select count(*) from pg_class where relname = 'sample' and reltuples > 0", inventory) == "1"
    again = lab.pyinfra("-y", "--json", inventory, UPGRADE)
    assert (again.code, again.changes) == (0, {}), again.output
    assert lab.site(inventory=inventory).changes == {}


def test_the_backups_of_both_versions_are_there(inventory: str) -> None:
    def verified() -> bool:
        state = "/var/lib/tracseq-backup/state"
        said = lab.ssh(REPLICA, f"cat {state}/full.json; echo ,; cat {state}/verification.json", inventory=inventory)
        full, verification = json.loads(f"[{said}]")
        return bool(full["result"] == verification["result"] == "well" and verification["at"] > full["at"])

    info = "cd /; runuser -u pgbackrest -- pgbackrest --output=json info"
    lab.eventually(
        lambda: (
            {
                backup["database"]["id"]
                for backup in json.loads(lab.ssh(REPLICA, info, inventory=inventory))[0]["backup"]
            }
            == {1, 2}
        ),
        within=180,
    )
    lab.eventually(verified, within=120)
    watched = "systemctl is-failed 'tracseq-*'; true"
    lab.eventually(lambda: "failed" not in lab.ssh(REPLICA, watched, inventory=inventory).split(), within=120)
