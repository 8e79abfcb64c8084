"""Which migrations go before gateways can go back past them, and what is stopped meanwhile."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import State
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.controller.releases import downgrade, migrations, schema
from deploys.controller.releases.choice import Gateway, RollbackError
from deploys.controller.releases.schema import Leaving
from deploys.facts.migrations import Migration, Migrations
from deploys.facts.release import Record, ReleaseState
from deploys.operations import downgrade as operation
from tests.unit.fake_run import begun, executed, executing, name

KNOWN = {"0001": False, "0002": False, "0003": True, "0004": False}
UNITS = ("tracseq-gateway.socket", "tracseq-gateway.service")


def gateway(**knows: int) -> Gateway:
    """A gateway whose releases know so many migrations, the last of them the current one."""
    records = {name: Record(name, "", dict(list(KNOWN.items())[:count])) for name, count in knows.items()}
    return Gateway(ReleaseState(tuple(knows), current=list(knows)[-1], records=records), ())


@pytest.mark.parametrize(
    ("older", "revision", "leaving"),
    [
        (2, "0004", Leaving(("0003", "0004"), "0002", "gw1", "newer")),
        # What only adds may stay where it came before.
        (1, "0003", Leaving(("0003",), "0002", "gw1", "newer")),
        (1, "0002", None),
        (2, "0002", None),
        (3, "0004", None),
        (2, None, None),
    ],
)
def test_the_first_that_takes_away_goes_and_all_after_it(
    older: int, revision: str | None, leaving: Leaving | None
) -> None:
    found = {name: gateway(older=older, newer=4) for name in ("gw1", "gw2")}
    assert schema.leaving(found, dict.fromkeys(found, "older"), revision) == leaving


def test_the_release_that_serves_takes_it_back_where_it_knows_it() -> None:
    found = {"gw1": gateway(older=2, newer=3, failed=4, serves=3)}
    serving = schema.leaving(found, {"gw1": "older"}, "0003")
    assert serving and serving.release == "serves"
    killed = {"gw1": gateway(newer=3, failed=4, older=2)}
    known = schema.leaving(killed, {"gw1": "older"}, "0003")
    assert known and known.release == "failed"


def test_the_first_one_goes_to_before_all() -> None:
    records = {"older": Record("older", "", {}), "newer": Record("newer", "", {"0001": True})}
    bare = Gateway(ReleaseState(("older", "newer"), current="newer", records=records), ())
    assert schema.leaving({"gw1": bare}, {"gw1": "older"}, "0001") == Leaving(("0001",), "base", "gw1", "newer")


def test_one_that_is_not_whole_any_more_takes_nothing_back() -> None:
    found = gateway(older=2, newer=4)
    broken = Gateway(ReleaseState(("older",), ("newer",), "older", records=found.releases.records), ())
    with pytest.raises(RollbackError, match="gw1 keeps no whole release that could take migration 0004 back"):
        schema.leaving({"gw1": broken}, {"gw1": "older"}, "0004")


def test_it_says_what_goes_the_last_first_and_refuses_what_cannot() -> None:
    leaving = Leaving(("0003", "0004"), "0002", "gw1", "newer")
    known = {"0003": Migration("A table less.", True), "0004": Migration("A table more.", True)}
    last, first = downgrade.taken_back(leaving, known)
    assert last.startswith("Migration 0004 is taken back") and last.endswith("will be gone: A table more.")
    assert first.startswith("Migration 0003 is taken back")
    with pytest.raises(RollbackError, match=r"newer does not say how migration 0004 is taken back"):
        list(downgrade.taken_back(leaving, {**known, "0004": Migration("A table more.", False)}))


def test_a_host_says_which_of_its_migrations_can_be_taken_back(tmp_path: Path) -> None:
    package = tmp_path / "releases/a/lib/python3.11/site-packages/tracseq_gateway/audit/migrations"
    package.mkdir(parents=True)
    (package / "versions").symlink_to(migrations.VERSIONS.absolute())
    command = Migrations().command(directory=str(tmp_path), release="a")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    found = Migrations().process(done.stdout.splitlines())
    assert list(found) == list(migrations.migrations())
    assert all(one.downgrades and one.title.endswith(".") for one in found.values())
    none = Migrations().command(directory=str(tmp_path), release="b")
    assert subprocess.run(["sh", "-c", none], capture_output=True, text=True, check=True).stdout == ""


def made(state: State) -> bool:
    """What becomes of a downgrade on the first host, which stops the units of the first two."""
    one, *_ = state.inventory
    with ctx_host.use(one):
        operation.made(
            name="Tables are those from before",
            directory="/opt/tracseq/gateway",
            release="newer",
            run_as="as",
            revisions=["0003"],
            to="0002",
            database="tracseq",
            server="@fake/pg1",
            environment="",
            stops=["@fake/gw1", "@fake/gw2"],
            units=UNITS,
        )
    executing(state)
    with ctx_host.use(one):
        return run_host_op(state, one, one.op_hash_order[0])


def run(*, fails: bool, at: str = "0003", after: str = "0003") -> tuple[bool, dict[str, list[str]]]:
    """Whether a downgrade went well, and what each host was given."""
    responses: dict[str, Any] = {
        "pg_advisory_xact_lock": ["held"],
        "set -eu\n\ncd /": [after],
        "version_num": [at],
    }
    if fails:
        responses = {"alembic -c": {"success": False}, **responses}
    with begun("gw1", "gw2", "pg1", fake_responses=responses) as state:
        well = made(state)
        return well, {name(host): executed(host) for host in state.inventory}


def acts(given: list[str]) -> list[str]:
    """What was done to a host's units, in its order."""
    words = {"disable": "told to stop", 'stop "$unit"': "stopped", "alembic": "taken back", "enable --now": "started"}
    found = [next((said for word, said in words.items() if word in one), "") for one in given]
    return [one for one in found if one]


def test_all_stop_before_it_is_taken_back_and_stay_so() -> None:
    well, given = run(fails=False)
    assert well
    assert acts(given["gw1"]) == ["told to stop", "stopped", "taken back"]
    assert acts(given["gw2"]) == ["told to stop", "stopped"]


def test_where_it_fails_all_are_started_again() -> None:
    well, given = run(fails=True)
    assert not well
    assert acts(given["gw1"]) == ["told to stop", "stopped", "taken back", "started"]
    assert acts(given["gw2"]) == ["told to stop", "stopped", "started"]


def test_where_its_end_was_not_heard_nothing_is_started_that_needs_it() -> None:
    _, given = run(fails=True, after="0002")
    assert acts(given["gw2"]) == ["told to stop", "stopped"]


def test_where_it_has_gone_nothing_stops() -> None:
    well, given = run(fails=False, at="0002")
    assert well
    assert acts(given["gw2"]) == []
