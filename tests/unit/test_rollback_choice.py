"""Which release the gateways go back to, and when they cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploys.controller.releases import choice, schema
from deploys.controller.releases.choice import Gateway, RollbackError
from deploys.facts.release import Record, ReleaseState
from deploys.facts.release_history import Switch

FIRST, SECOND, THIRD = {"0001": False}, {"0001": False, "0002": False}, {"0001": False, "0002": False, "0003": True}
RECORDS = {
    "1": Record("one", "c0ffee000001", FIRST),
    "2": Record("two", "c0ffee000002", SECOND),
    "3": Record("three", "", THIRD),
}


def gateway(*switches: tuple[int, str, bool] | tuple[int, str], python: str = "a", kept: str = "123") -> Gateway:
    """A gateway that had these releases since these moments; of another Python they have other names."""
    history, before = [], ""
    for at, release, *back in switches:
        history.append(Switch(at, f"{release}-{python}", before, "", "somebody@controller-1", bool(back and back[0])))
        before = f"{release}-{python}"
    names = tuple(f"{release}-{python}" for release in kept)
    records = {name: RECORDS[name[0]] for name in names}
    return Gateway(ReleaseState(names, current=before or None, records=records), tuple(history))


def test_all_go_back_to_the_one_before() -> None:
    found = {"gw1": gateway((1, "1"), (10, "2")), "gw2": gateway((2, "1"), (11, "2"), python="b")}
    assert choice.wanted(found, None) == {"gw1": "1-a", "gw2": "1-b"}


def test_gateways_that_a_failed_release_left_apart_all_go_to_the_older() -> None:
    found = {"gw1": gateway((1, "1"), (10, "2"), (20, "3")), "gw2": gateway((2, "1"), (11, "2"))}
    assert choice.wanted(found, None) == {"gw1": "2-a", "gw2": "2-a"}


def test_a_rollback_that_was_interrupted_is_finished_and_goes_no_further() -> None:
    found = {"gw1": gateway((1, "1"), (10, "2"), (20, "1", True)), "gw2": gateway((2, "1"), (11, "2"))}
    assert choice.wanted(found, None) == {"gw1": "1-a", "gw2": "1-a"}
    done = {"gw1": gateway((1, "1"), (10, "2"), (20, "1", True)), "gw2": gateway((2, "1"), (11, "2"), (21, "1", True))}
    assert choice.wanted(done, None) == {"gw1": "1-a", "gw2": "1-a"}


def test_a_gateway_that_is_new_hides_nothing() -> None:
    found = {"gw1": gateway((1, "1"), (10, "2")), "gw2": gateway((50, "2"))}
    assert choice.wanted(found, None) == {"gw1": "1-a", "gw2": "1-a"}


def test_one_that_lost_its_power_before_it_could_note_its_release_goes_back_by_one() -> None:
    lost = gateway((1, "1"), (10, "2"))
    lost = replace(lost, releases=replace(lost.releases, current="3-a"))
    assert choice.wanted({"gw1": lost, "gw2": gateway((2, "1"), (11, "2"))}, None) == {"gw1": "2-a", "gw2": "2-a"}


@pytest.mark.parametrize("named", ["2-a", "2-b", "c0ffee000002", "c0ffee000002ab"])
def test_one_that_is_named_by_its_name_or_commit(named: str) -> None:
    found = {"gw1": gateway((1, "1"), (10, "3")), "gw2": gateway((2, "1"), (11, "3"), python="b")}
    assert choice.wanted(found, named) == {"gw1": "2-a", "gw2": "2-b"}


@pytest.mark.parametrize(
    ("found", "named", "why"),
    [
        ({"gw1": gateway()}, None, "No gateway has had another release before the one that it has"),
        ({"gw1": gateway((1, "1"))}, None, "No gateway has had another release before the one that it has"),
        ({"gw1": gateway((1, "1"))}, "unknown", "No gateway keeps a release of that name, or from that commit: unk"),
        ({"gw1": gateway((1, "1"))}, "c0ffee0", "keep more than one release of that name, or from that commit"),
        (
            {"gw1": gateway((1, "1"), (10, "2")), "gw2": gateway((2, "1"), (11, "2"), kept="2")},
            None,
            r"gw2 does not have 1-a \(commit c0ffee000001\), or not any more .* Without them: --limit gw1",
        ),
    ],
)
def test_what_cannot_be(found: dict[str, Gateway], named: str | None, why: str) -> None:
    with pytest.raises(RollbackError, match=why) as refused:
        choice.wanted(found, named)
    assert "No host was changed." in str(refused.value)
    assert "1-a" in str(refused.value) or not found["gw1"].releases.complete


def test_it_says_what_it_does() -> None:
    found = {"gw1": gateway((0, "1"), (86400, "2")), "gw2": gateway((0, "1"))}
    assert choice.sentences(found, {"gw1": "1-a", "gw2": "1-a"}) == [
        "gw1 goes from 2-a (commit c0ffee000002), which it has since 1970-01-02 00:00, "
        "back to 1-a (commit c0ffee000001).",
        "gw2 has 1-a (commit c0ffee000001) already.",
    ]


def test_migrations_that_only_add_stay_and_are_named_once() -> None:
    found = {name: gateway((0, "1"), (10, "2")) for name in ("gw1", "gw2")}
    said = schema.between(found, dict.fromkeys(found, "1-a"), "0002")
    assert said == ["Migrations 0002 stay: they only add to what 1-a uses."]
    assert schema.between(found, dict.fromkeys(found, "1-a"), "0001") == []
    assert schema.between(found, dict.fromkeys(found, "1-a"), None) == []


def test_past_one_that_takes_away_it_is_refused() -> None:
    with pytest.raises(RollbackError, match="2-a cannot run on gw1: migration 0003 took away what it uses"):
        schema.between({"gw1": gateway((0, "2"), (10, "3"))}, {"gw1": "2-a"}, "0003")


def test_where_nobody_knows_what_a_migration_does_it_is_refused() -> None:
    with pytest.raises(RollbackError, match="is at migration 0009, and no release on gw1 knows"):
        schema.between({"gw1": gateway((0, "1"), (10, "2"))}, {"gw1": "1-a"}, "0009")
    bare = Gateway(ReleaseState(("1-a", "2-a"), current="2-a"), ())
    with pytest.raises(RollbackError, match="gw1 does not know of 1-a which migrations it needs"):
        schema.between({"gw1": bare}, {"gw1": "1-a"}, "0002")
    assert schema.between({"gw1": bare}, {"gw1": "1-a"}, "0002", force=True) == []


def test_one_that_needs_more_than_the_database_has_is_refused() -> None:
    with pytest.raises(RollbackError, match="2-a needs migration 0002, which the database has not had"):
        schema.between({"gw1": gateway((0, "1"), (10, "2"))}, {"gw1": "2-a"}, "0001")


def test_a_migration_that_was_never_applied_keeps_nobody_from_going_back() -> None:
    found = {"gw1": gateway((0, "1"), (10, "3"))}
    assert schema.between(found, {"gw1": "1-a"}, "0002") == ["Migrations 0002 stay: they only add to what 1-a uses."]


def test_a_rollback_that_could_not_be_noted_is_finished() -> None:
    lost = gateway((1, "1"), (10, "2"))
    lost = replace(lost, releases=replace(lost.releases, current="1-a"))
    assert choice.wanted({"gw1": lost, "gw2": gateway((2, "1"), (11, "2"))}, None) == {"gw1": "1-a", "gw2": "1-a"}
