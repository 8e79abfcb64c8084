"""Backups: made, read again, restored by hand; what is damaged is said; nobody on a Postgres host can delete one."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from dotenv import dotenv_values

from tests import lab
from tests.backups import REPOSITORY, SECOND, STATE, begun_anew
from tests.inventory import group
from tests.scenarios import postgres
from tests.scenarios.postgres import UNIT, ask
from tests.scenarios.redis import ask as ask_redis

JOURNAL = "journalctl --output=cat --no-pager"


@dataclass(frozen=True)
class Site:
    """The hosts that this is about."""

    holder: str
    primary: str
    replica: str


def on(name: str, command: str, check: bool = True) -> str:
    return lab.ssh(name, command, check=check, inventory=lab.INVENTORY)


def record(holder: str, name: str) -> dict[str, Any]:
    """What the backup host says was done last."""
    found: dict[str, Any] = json.loads(on(holder, f"cat {STATE}/{name}.json"))
    return found


def failed(holder: str, unit: str) -> bool:
    return on(holder, f"systemctl is-failed {unit}", check=False).strip() == "failed"


def archived(site: Site, since: float, within: float = 90) -> None:
    """Wait until all that was written before a moment of the backup host's clock is in the repository."""
    lab.eventually(lambda: record(site.holder, "wal")["until"] >= since, within=within)


def clock(site: Site) -> float:
    return float(on(site.holder, "date +%s.%N"))


def backup(site: Site, kind: str) -> str:
    """Make a backup; what its unit wrote to the journal."""
    began = int(clock(site))
    on(site.holder, f"systemctl start tracseq-backup-{kind}.service", check=False)
    return on(site.holder, f"{JOURNAL} --unit=tracseq-backup-{kind} --since=@{began}")


@pytest.fixture(scope="module")
def site(site_as_it_should_be: None) -> Site:
    """The site, with a new repository: other scenarios put the disks of Postgres hosts back to an earlier time."""
    (holder,) = [host.name for host in group("backups", lab.INVENTORY)]
    pair = postgres.found()
    lab.eventually(lambda: postgres.follows(pair), within=60)
    begun_anew(lab.INVENTORY)
    run = lab.site(inventory=lab.INVENTORY)
    assert run.code == 0, run.output
    found = Site(holder, pair.primary, pair.replica)
    lab.eventually(lambda: record(holder, "verification")["result"] == "well", within=120)
    lab.eventually(lambda: record(holder, "state")["result"] == "well", within=60)
    return found


@pytest.fixture(scope="module")
def canary(site: Site) -> str:
    """A row that is in a backup and in the WAL."""
    word = f"canary-{secrets.token_hex(12)}"
    ask(site.primary, f"drop table if exists canary; create table canary as select '{word}'::text as word")
    written = clock(site)
    said = backup(site, "differential")
    assert record(site.holder, "differential")["result"] == "well", said
    archived(site, written)
    return word


def test_backups_are_made_from_the_replica_and_read_again(site: Site) -> None:
    for kind in ("full", "differential"):
        said = backup(site, kind)
        made = record(site.holder, kind)
        print(f"{kind}: {made['label']}, {made['size']} bytes, {made['stored']} stored, {made['seconds']:.1f} s")
        assert made["result"] == "well", said
        assert "wait for replay on the standby" in said
        assert record(site.holder, "verification")["result"] == "well"


def test_what_is_written_is_archived_in_time(site: Site) -> None:
    written = clock(site)
    ask(site.primary, "drop table if exists in_time; create table in_time as select 1 as row")
    archived(site, written)
    print(f"archived after {clock(site) - written:.1f} s")


def test_the_repository_is_unreadable_without_the_passphrase(site: Site, canary: str) -> None:
    found = on(site.holder, f"grep --recursive --files-with-matches --text {canary} {REPOSITORY}", check=False)
    assert found == ""
    # Compressed it would not be found either: nothing there is, but for what is encrypted first.
    opened = on(
        site.holder, f"find {REPOSITORY} -name '*.gz' -exec gzip --test {{}} \\; -print 2>/dev/null", check=False
    )
    assert opened == ""


def hand_made(site: Site, passphrase: str, directory: str) -> str:
    """Restore on the replica's host from the second place, with pgBackRest and a file of six lines."""
    copy = f"{directory}/repository"
    on(site.holder, "systemctl start tracseq-backup-copy.service")
    archive = on(site.holder, f"tar --create --gzip --directory={SECOND} archive backup | base64")
    on(site.replica, f"mkdir -p {copy}; base64 --decode <<'X' | tar --extract --gzip --directory={copy}\n{archive}X\n")
    return on(
        site.replica,
        f"""cat > {directory}/pgbackrest.conf <<'X'
[global]
repo1-path={copy}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={passphrase}
lock-path={directory}/lock
log-level-file=off
X
mkdir -m 700 {directory}/data; chown -R postgres {directory}; cd /
runuser -u postgres -- pgbackrest --config={directory}/pgbackrest.conf --stanza=main --pg1-path={directory}/data \\
  --archive-mode=off restore 2>&1 | tr --complement --delete '[:print:]\n'""",
    )


@pytest.fixture
def aside(site: Site) -> Iterator[str]:
    """A directory on the replica's host."""
    directory = on(site.replica, "mktemp --directory --tmpdir=/var/tmp").strip()
    on(site.replica, f"chmod 755 {directory}")
    yield directory
    on(
        site.replica,
        f"[ ! -e {directory}/data/postmaster.pid ] || kill -QUIT $(head -n 1 {directory}/data/postmaster.pid);"
        f" sleep 0.5; rm -rf {directory}",
    )


def test_it_is_restored_by_hand_with_the_passphrase(site: Site, canary: str, aside: str) -> None:
    passphrase = dotenv_values(".env.lab", interpolate=False)["BACKUP_PASSPHRASE"]
    assert passphrase
    said = hand_made(site, passphrase, aside)
    started = on(
        site.replica,
        f"""cd /; printf '' > {aside}/hba.conf; echo 'local all all peer' > {aside}/hba.conf
runuser -u postgres -- $(ls -d /usr/lib/postgresql/*/bin)/pg_ctl start --pgdata={aside}/data --log={aside}/log --wait \\
  --timeout=60 --options="-c config_file=/dev/null -c data_directory={aside}/data -c hba_file={aside}/hba.conf \\
  -c listen_addresses= -c unix_socket_directories={aside} -c archive_mode=off \\
  -c max_wal_senders=20 -c wal_level=replica" >/dev/null 2>&1 || cat {aside}/log
runuser -u postgres -- psql -XAtq --host={aside} --dbname=postgres --command='select word from canary' 2>&1""",
        check=False,
    )
    assert canary in started, said + started


def test_it_is_refused_without_the_passphrase(site: Site, aside: str) -> None:
    said = hand_made(site, "another passphrase than that of the site", aside)
    print(said)
    assert "ERROR:" in said
    assert "unable to load info file" in said
    assert on(site.replica, f"ls -A {aside}/data") == ""


def test_a_flipped_byte_is_reported(site: Site) -> None:
    """In the newest full backup, and in a segment of its WAL."""
    full = f"$(ls -d {REPOSITORY}/backup/main/*F | tail -n 1)"
    file = on(site.holder, f"find {full}/pg_data/base -size +2k -type f | sort | head -n 1").strip()
    flip = f"printf '\\377' | dd of={file} bs=1 seek=700 count=1 conv=notrunc status=none"
    on(site.holder, f"cp -a {file} /var/tmp/whole; {flip}; cmp {file} /var/tmp/whole && exit 1; true")
    try:
        said = backup(site, "differential")
        assert failed(site.holder, "tracseq-backup-differential.service")
        found = record(site.holder, "verification")
        print(found["problems"])
        assert found["result"] == "failed"
        assert any(file.rpartition("/")[2] in problem for problem in found["problems"]), said
    finally:
        on(site.holder, f"cp -a /var/tmp/whole {file}; rm /var/tmp/whole")
    said = backup(site, "differential")
    assert record(site.holder, "verification")["result"] == "well", said
    assert not failed(site.holder, "tracseq-backup-differential.service")


def test_a_full_repository_is_reported_and_catches_up(site: Site) -> None:
    """The database goes on meanwhile."""
    move = "tar --create --directory=$from . | tar --extract --directory=$to"
    stop, start = "systemctl stop tracseq-wal-push.service", "systemctl start tracseq-wal-push.service"
    began = clock(site)
    on(
        site.holder,
        f"{stop}; mkdir /var/tmp/small; size=$(du --summarize --block-size=1k {REPOSITORY} | cut -f 1)\n"
        f"mount -t tmpfs -o size=$((size + 4096))k,mode=750 tmpfs /var/tmp/small\n"
        f"from={REPOSITORY}; to=/var/tmp/small\n"
        f"{move}; chown pgbackrest: /var/tmp/small; mount --bind /var/tmp/small {REPOSITORY}; {start}",
    )
    try:
        noise = "select string_agg(gen_random_uuid()::text, '') from generate_series(1, 30)"
        ask(
            site.primary,
            "drop table if exists large;"
            f"create table large as select ({noise} where one > 0) from generate_series(1, 20000) as one",
        )
        said = f"{JOURNAL} --unit=tracseq-wal-push --since=@{int(began)}"
        lab.eventually(
            lambda: re.search(r"is not in the repository.* has \d MB free", on(site.holder, said)), within=60
        )
        lab.eventually(lambda: failed(site.holder, "tracseq-backup-watch.service"), within=90)
        print(record(site.holder, "wal")["problems"])
        assert any("The repository lacks what was written" in one for one in record(site.holder, "wal")["problems"])
        assert (
            ask(
                site.primary,
                "drop table if exists meanwhile; create table meanwhile as select 1 as row; select row from meanwhile",
            )
            == "1"
        )
        on(site.holder, "mount -o remount,size=1g /var/tmp/small")
        archived(site, clock(site))
        lab.eventually(lambda: not failed(site.holder, "tracseq-backup-watch.service"), within=60)
    finally:
        on(
            site.holder,
            f"{stop}; umount {REPOSITORY}; from=/var/tmp/small; to={REPOSITORY}; {move}\n"
            f"umount /var/tmp/small; rmdir /var/tmp/small; {start}",
        )
    said = backup(site, "differential")
    assert record(site.holder, "verification")["result"] == "well", said


def test_a_backup_host_that_was_away_catches_up(site: Site) -> None:
    lab.pull_the_plug(site.holder)
    ask(
        site.primary,
        "drop table if exists while_away; create table while_away as select 1 as row; select pg_switch_wal()",
    )
    ask(
        site.primary,
        "drop table if exists while_away_too; create table while_away_too as select 1 as row; select pg_switch_wal()",
    )
    lab.up(site.holder)
    archived(site, clock(site))
    said = backup(site, "differential")
    assert record(site.holder, "verification")["result"] == "well", said
    assert record(site.holder, "verification")["gaps"] == []


def test_redis_is_in_it(site: Site) -> None:
    (redis,) = [host.name for host in group("redis", lab.INVENTORY)]
    word = f"canary-{secrets.token_hex(12)}"
    ask_redis(redis, f"SET tracseq:test:backup {word}")
    # Its log is on the disk within a second.
    time.sleep(1.2)
    on(site.holder, "systemctl start tracseq-backup-state.service")
    restic = (
        f"RESTIC_REPOSITORY={REPOSITORY}/state RESTIC_PASSWORD_FILE=/etc/tracseq/backup/passphrase"
        f" restic --no-cache dump --host={redis} latest {redis}.tar"
    )
    listed = on(site.holder, f"{restic} | tar --list")
    assert "appendonlydir/appendonly.aof.manifest" in listed
    assert on(site.holder, f"{restic} | grep --text --count {word}").strip() == "1"
    assert on(site.holder, f"grep --recursive --text -l {word} {REPOSITORY}", check=False) == ""
    ask_redis(redis, "DEL tracseq:test:backup")


ATTACKS = r"""
cd /tmp
for port in 22 5432 8432 8433 8434; do
  { timeout 3 bash -c "</dev/tcp/HOLDER/$port" 2>/dev/null && echo "port $port is open"; } &
done
wait
find / -xdev \( -name 'id_*' -o -name '*client*.key' \) -path '*ssh*' -not -name '*.pub' 2>/dev/null | grep -v /etc/ssl
cat > /tmp/attack.conf <<X
[global]
repo1-host=HOLDER
repo1-host-type=tls
repo1-host-port=8432
repo1-host-ca-file=/etc/tracseq/backup-server/authority.crt
repo1-host-cert-file=/etc/tracseq/backup-server/server.crt
repo1-host-key-file=/etc/tracseq/backup-server/server.key
io-timeout=3
[main]
pg1-path=/var/lib/postgresql
X
for command in stanza-delete expire backup; do
  timeout 10 pgbackrest --config=/tmp/attack.conf --stanza=main $command >/dev/null 2>&1 && echo "$command works"
done
grep -rl BACKUP_PASSPHRASE /etc 2>/dev/null
rm -f /tmp/attack.conf
true
"""


def test_root_on_a_postgres_host_cannot_touch_a_backup(site: Site) -> None:
    """With whatever credentials it finds there, and as the other side of a backup that is being made."""
    sums = f"cd {REPOSITORY} && find backup/main/*F* archive/main/*-* -type f | sort | head -n 3000 | xargs sha256sum"
    before = _sums(on(site.holder, sums))
    assert len(before) > 100
    for name in (site.primary, site.replica):
        done = on(name, ATTACKS.replace("HOLDER", site.holder), check=False)
        assert done == "", f"{name}: {done}"
    # pgBackRest believes the names of files that the other side tells; so that side is given all that it could have:
    # a shell in the room in which a backup is made.
    script = (
        "cd /var/lib/pgbackrest; for path in backup/main/*F* archive/main/*-* state; do"
        " rm -rf $path; mv $path $path.moved; find $path -type f | head -n 20 | while read file; do : > $file; done;"
        " touch $path/new; chmod 777 $path; done; umount -a; mount -o remount,rw /var/lib/pgbackrest; true"
    )
    room = (
        "from tracseq_backup import pgbackrest as p; from tracseq_backup.settings import load; import sys; s = load();"
        " print(p.run(p.room(s, ['sh', '-c', sys.argv[1]], True, [s.repository, p.LOCKS], p.sealed(s)))[1])"
    )
    said = on(site.holder, f'PYTHONPATH=/usr/local/lib/tracseq python3 -c "{room}" "{script}" 2>&1'.replace("$", "\\$"))
    assert "Read-only file system" in said
    after = _sums(on(site.holder, sums))
    assert {path: after.get(path) for path in before} == before
    print(f"{len(before)} files as before")


def _sums(listed: str) -> dict[str, str]:
    """The checksums that sha256sum(1) printed, by path."""
    return {path: digest for digest, path in (line.split(maxsplit=1) for line in listed.splitlines())}


@pytest.fixture
def promoted(site: Site) -> Iterator[str]:
    """The replica, promoted while the primary is stopped; afterwards all three hosts have their disks of before."""
    with postgres.kept():
        # The backup host keeps a slot on the standby: what it is promoted with is there for the receiver.
        lab.eventually(
            lambda: "tracseq_backup_" in ask(site.replica, "select slot_name from pg_replication_slots"), within=60
        )
        on(site.primary, f"systemctl stop {UNIT}")
        ask(site.replica, "select pg_promote()")
        yield site.replica


def test_a_promotion_is_followed(site: Site, promoted: str) -> None:
    began = time.monotonic()
    ask(promoted, "drop table if exists on_the_new_timeline; create table on_the_new_timeline as select 1 as row")
    archived(site, clock(site))
    timeline = int(record(site.holder, "wal")["segment"][:8], 16)
    assert timeline == int(ask(promoted, "select timeline_id from pg_control_checkpoint()"))
    print(f"timeline {timeline} is archived {time.monotonic() - began:.1f} s after the promotion")
    said = backup(site, "differential")
    assert record(site.holder, "differential")["result"] == "well", said
    assert record(site.holder, "verification")["result"] == "well", said
    history = on(site.holder, f"ls {REPOSITORY}/archive/main/*/ | grep history", check=False)
    assert f"{timeline:08X}.history" in history
