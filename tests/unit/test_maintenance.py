"""Who is out for maintenance, what keeps a host from going out, and what is no fault meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploys.controller.maintenance import obstacles
from deploys.controller.maintenance.leaving import STOPPED
from deploys.controller.maintenance.out import decided
from deploys.controller.status import maintenance, report
from deploys.controller.status.section import Finding, Judged
from deploys.controller.status.wrong import wrong
from deploys.facts.maintenance import Held, HeldState, Note, Notes, note
from deploys.roles.postgres.configuration import synchronous
from deploys.roles.postgres.declaration import Postgres
from deploys.settings.declarations import all_roles
from deploys.settings.site import Site
from tests.unit.status.pretended import SITE, host, survey

NOTE = Note("2026-11-26 16:40 UTC", "somebody", "new disks", "2026-11-26 20:40 UTC")
BALANCED = Site((host("lb1", 11, "load_balancers"), host("lb2", 12, "load_balancers"), *SITE.hosts), {})
OUT = {"gw2": NOTE}
CONFIRMED = SITE.host("pg1").data(Postgres).model_copy(update={"postgres_synchronous": 2})


def test_a_host_that_says_so_itself_is_out_whatever_a_killed_run_left_on_others() -> None:
    assert decided({"gw1": {}, "gw2": OUT, "lb1": {}}) == OUT


def test_one_that_does_not_answer_or_has_a_new_disk_is_out_where_most_others_know_it() -> None:
    assert decided({"gw1": OUT, "lb1": OUT, "pg1": {}}) == OUT
    assert decided({"gw1": OUT, "gw2": {}, "lb1": OUT, "pg1": {}}) == OUT


def test_one_that_was_put_back_while_another_was_off_is_not_out() -> None:
    assert decided({"gw1": OUT, "gw2": {}, "lb1": {}, "pg1": {}}) == {}
    assert decided({"gw1": OUT, "lb1": {}}) == {}


def test_a_note_is_read_as_it_was_written() -> None:
    written = NOTE.text().rstrip("\n")
    assert Notes().process([f"gw2\t{written}"]) == OUT
    assert NOTE.sentence("gw2") == "gw2 is out for maintenance since 2026-11-26 16:40 UTC by somebody: new disks."


def test_an_empty_one_counts_as_balancers_and_units_have_it() -> None:
    assert Notes().process(["gw2\t"]) == {"gw2": note("")}
    assert note("").end is None


def test_when_it_ends_is_read_as_it_was_written() -> None:
    assert NOTE.end == datetime(2026, 11, 26, 20, 40, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "new disks", "[]", "{}", '{"since": 1}'])
def test_one_that_somebody_touched_still_counts(text: str) -> None:
    assert note(text).by == "somebody"


def test_units_are_read_with_what_they_are() -> None:
    assert Held().process(["active\tnginx.service", "held\tnginx.service"]) == HeldState(
        active=frozenset({"nginx.service"}), held=frozenset({"nginx.service"})
    )


def test_two_of_a_kind_are_never_out() -> None:
    (sentence,) = obstacles.already(BALANCED, BALANCED.host("gw1"), OUT)
    assert sentence.startswith(NOTE.sentence("gw2"))
    assert sentence.endswith("no host of gateways would work. Put gw2 back first.")
    assert list(obstacles.already(BALANCED, BALANCED.host("pg2"), OUT)) == []


def test_what_is_to_work_alone_must_be_well() -> None:
    ill = [Finding("gw1", "It is ill.", "Mend it."), Finding("pg1", "So is this."), Finding("gw2", "And this.")]
    found = list(obstacles.unwell(BALANCED, BALANCED.host("gw2"), ill, {}))
    assert found == ["gw1 is not well: It is ill. Mend it."]
    (silent,) = obstacles.unwell(BALANCED, BALANCED.host("lb1"), [], {"lb2": "is it switched on?", "pg1": ""})
    assert silent == "lb2 must do without lb1, and is not reached: is it switched on?"


def test_what_its_peers_lack_because_a_killed_run_has_stopped_it_keeps_it_from_nothing() -> None:
    what = "Nobody uses the slot {}, and it holds back 81 MB of WAL."
    mine, others = (
        Finding("pg2", what.format(slot), "Bring its replica back.") for slot in ("tracseq_pg1", "tracseq_pg10")
    )
    assert list(obstacles.unwell(BALANCED, BALANCED.host("pg1"), [mine], {})) == []
    assert len(list(obstacles.unwell(BALANCED, BALANCED.host("pg1"), [others], {}))) == 1


def test_a_load_balancer_that_does_not_hear_of_it_keeps_a_gateway() -> None:
    (sentence,) = obstacles.untold(BALANCED, BALANCED.host("gw1"), ["lb2", "pg1"])
    assert sentence == "lb2 is not reached: once it is switched on, it would send requests to gw1."
    assert list(obstacles.untold(BALANCED, BALANCED.host("pg1"), ["lb2"])) == []


def test_the_only_one_of_a_kind_is_missed_or_what_it_does_waits() -> None:
    (missed,) = obstacles.missed(BALANCED, BALANCED.host("redis1"))
    assert missed.startswith("redis1 is the only host in redis: while it is out, each gateway limits by itself")
    (waits,) = obstacles.waits(BALANCED, BALANCED.host("backup1"))
    assert waits == "backup1 is the only host in backups: while it is out, WAL waits on the Postgres hosts."
    for name in ("gw1", "lb1", "pg1"):
        assert list(obstacles.missed(BALANCED, BALANCED.host(name))) == []


def test_etcd_keeps_a_majority_or_is_not_touched() -> None:
    three = Site(tuple(host(f"e{number}", number, "etcd") for number in range(1, 4)), {})
    two = Site(three.hosts[:2], {})
    assert list(obstacles.missed(three, three.host("e1"))) == []
    (sentence,) = obstacles.missed(two, two.host("e1"))
    assert sentence.startswith("etcd has no majority without e1")


def test_no_write_waits_for_a_replica_that_is_out() -> None:
    one, two, three = (
        replace(host(name, 1, "postgres"), models={Postgres: CONFIRMED}) for name in ("pg1", "pg2", "pg3")
    )
    assert synchronous(Site((one, two), {}), one, {"pg2"}) == ""
    assert synchronous(Site((one, two, three), {}), one, {"pg2"}) == 'ANY 1 ("pg3")'
    assert synchronous(Site((one, two, three), {}), one) == 'ANY 2 ("pg2", "pg3")'


def test_a_redis_server_stops_before_the_sentinel_that_names_it() -> None:
    assert STOPPED.index("redis") < STOPPED.index("sentinel")
    assert set(STOPPED) <= all_roles().keys()


def test_what_is_so_because_a_host_is_out_is_not_wrong() -> None:
    found = survey("maintenance", {"gw1": [OUT], "pg1": [OUT], "redis1": [OUT]})
    judged = {
        "maintenance": maintenance.judged(found),
        "gateways": Judged(findings=[Finding("gw2", "It does not answer."), Finding("gw1", "Nor this.")]),
    }
    said = report.all_findings(found, judged)
    assert [(one.host, one.wrong) for one in said["gateways"]] == [("gw2", False), ("gw1", True)]
    assert said["maintenance"][0].what == NOTE.sentence("gw2")
    assert wrong(found, []) == []
