"""The disk of the primary fills: writes are refused, then its server ends; with room again it has all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab
from tests.scenarios import postgres
from tests.scenarios.postgres import UNIT, Pair, ask, state
from tests.scenarios.test_status import findings, status

pytestmark = pytest.mark.long
DATA, SMALL = "/var/lib/postgresql", "/run/small"
ROOM = 120
"""MB that its disk has beside what is there."""
LOG = "/var/log/postgresql/postgresql-*-main.log"
WRITES = """
number={first}
while runuser -u postgres -- psql -Xqc "{statement}" postgres >/run/said 2>&1; do
  echo $number
  number=$((number + 1))
  [ $number -lt 1000 ] || break
done
"""
EXTENDS = (
    "insert into filled select $number, string_agg(md5(random()::text), '')"
    " from generate_series(1, 1000) as one, generate_series(1, 20) group by one"
)
LOGS = "insert into filled values ($number); select pg_switch_wal()"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The two hosts; the primary's data is on a small disk."""
    with postgres.kept() as found:
        size = f"$(($(du --summarize --block-size=1M {DATA} | cut -f 1) + {ROOM}))m"
        lab.ssh(
            found.primary,
            f"systemctl stop {UNIT}; mkdir {SMALL}; mount -t tmpfs -o size={size},mode=755 tmpfs {SMALL}\n"
            f"cp -a {DATA}/. {SMALL}; mount --bind {SMALL} {DATA}; systemctl start {UNIT}",
        )
        ask(found.primary, "create table filled (number int, text text)")
        yield found


def written(pair: Pair, statement: str, first: int) -> tuple[list[int], str]:
    """The numbers that were written until one was refused, and how."""
    script = f"cd /; {WRITES.format(statement=statement, first=first)}cat /run/said"
    said = lab.ssh(pair.primary, script).splitlines()
    numbers = [int(line) for line in said if line.isdigit()]
    return numbers, "\n".join(said[len(numbers) :])


def test_it_says_so_and_goes_on_with_room(pair: Pair) -> None:
    rows, refused = written(pair, EXTENDS, 1)
    print(f"\n{refused}")
    assert "No space left on device" in refused
    more: list[int] = []
    if "PANIC" not in refused:  # a table could not grow; where the log could not either, the server has ended already
        # 1,000 rows a write; to sort them takes room that there is not.
        read = "cd /; runuser -u postgres -- psql -XAtqc 'select count(*) / 1000 from filled' postgres 2>&1"
        assert lab.ssh(pair.primary, read, check=False).strip() == str(len(rows)), "it cannot be read"
        more, ended = written(pair, LOGS, len(rows) + 1)
        print(ended)
    lab.eventually(lambda: state(pair.primary) != "active", within=60)
    print(lab.ssh(pair.primary, f"tail -n 12 {LOG}"))
    run = status()
    assert run.code == 1
    assert ("postgres", pair.primary) in findings(run)
    print(*[f"{one['host']}: {one['what']} {one['do']}" for one in run.json["findings"]], sep="\n")
    lab.ssh(pair.primary, f"mount -o remount,size=90% {SMALL}")
    again = lab.site()
    assert again.code == 0, again.output
    assert state(pair.primary) == "active"
    assert int(ask(pair.primary, "select count(distinct number) from filled")) >= len(rows) + len(more)
    lab.eventually(lambda: status().code == 0, within=120, every=2)
