"""A run that changes something on purpose has people told of what it did not cause."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import gevent
import pytest
from pyinfra import logger
from pyinfra.api import State, StringCommand
from pyinfra.api.operations import run_host_op
from pyinfra.context import ctx_host

from deploys.controller import silences
from deploys.controller.alerts import Monitoring
from deploys.controller.silences import Silences, concerned
from deploys.controller.virtual_address import VirtualAddress
from deploys.engine import elsewhere as elsewhere_engine
from deploys.engine import ending
from deploys.engine.elsewhere import ElsewhereError
from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import FileSet
from deploys.facts.run_lock import Request
from deploys.operations import boot, silence
from deploys.operations.silence import ABSENT
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from tests.unit.fake_run import begun, executed, executing, on_each

GROUPS = {
    "lb1": "load_balancers",
    "gw1": "gateways",
    "gw2": "gateways",
    "pg1": "postgres",
    "pg2": "postgres",
    "redis1": "redis",
    "mon1": "monitoring",
    "mon2": "monitoring",
}
REQUEST = Request("somebody@controller-17", "inventories/production.py deploys/site.py")
DATA = Monitoring.model_construct(scrape_interval=15.0)
SITE = Site(
    tuple(
        SiteHost(name, f"@fake/{name}", frozenset({group}), {Monitoring: DATA} if group == "monitoring" else {})
        for name, group in GROUPS.items()
    ),
    {},
)


@dataclass
class Elsewhere:
    """Monitoring hosts that note what they are told; those that are away are not."""

    away: set[str] = field(default_factory=set)
    bare: bool = False
    told: list[tuple[str, list[str]]] = field(default_factory=list)

    def done(self, target: str, command: StringCommand, within: int | None = None) -> list[str]:
        if target in self.away:
            raise ElsewhereError(f"{target} is not reached: timed out")
        line = next(line for line in str(command).splitlines() if line.startswith("amtool"))
        self.told.append((target, shlex.split(line.replace('"$(', "'$(").replace(')"', ")'"))))
        return [ABSENT] if self.bare else [f"id-{len(self.told)}"]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    stub = Elsewhere()
    monkeypatch.setattr(elsewhere_engine, "done", stub.done)
    return stub


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(logger, "warning", lines.append)
    return lines


@operation
def changed(differs: bool = True) -> Steps:
    """Change a host where it differs."""
    yield Reading(FileSet, paths=("/etc/motd",), directories=(), key="motd")
    if differs:
        yield StringCommand("change")


def executed_all(state: State) -> None:
    """Run all operations, host by host, and say that the run has ended."""
    executing(state)
    for host in state.inventory:
        with ctx_host.use(host):
            for one in host.op_hash_order:
                run_host_op(state, host, one)
    ending.ended()


def ran(*names: str, site: Site = SITE, differs: bool = True, request: Request | None = REQUEST) -> State:
    """A run on these hosts, one after the other."""
    with begun(*names) as state:
        silences.kept(site, request)
        for number in range(2):
            on_each(state, partial(changed, name=f"{number}", differs=differs))
        executed_all(state)
    return state


def matchers(told: list[tuple[str, list[str]]]) -> Iterator[str]:
    """The last word of each silence that was made."""
    return (words[-1] for _, words in told if "add" in words)


def test_a_silence_says_who_does_what_and_ends_soon(elsewhere: Elsewhere) -> None:
    ran("lb1")
    (_, made), (_, ends) = elsewhere.told
    assert {target for target, _ in elsewhere.told} == {"@fake/mon1"}
    assert made[-2:] == ['planned_work="causes_it"', 'instance=~"lb1"']
    assert "--author=somebody@controller-17" in made
    assert "--comment=changes lb1: inventories/production.py deploys/site.py" in made
    assert "600 seconds" in " ".join(made)
    # Two scrapes and a minute after the run, of which it is not told either.
    assert ends[3] == "silence" and ends[4] == "update" and ends[-2] == "id-1"
    assert "90 seconds" in " ".join(ends)


def test_a_run_that_changes_nothing_makes_none(elsewhere: Elsewhere) -> None:
    ran("lb1", "pg1", differs=False)
    assert elsewhere.told == []


def test_a_plan_makes_none(elsewhere: Elsewhere) -> None:
    ran("lb1", request=None)
    assert elsewhere.told == []


def test_a_site_without_monitoring_hosts_asks_nobody(elsewhere: Elsewhere) -> None:
    ran("lb1", site=Site(SITE.hosts[:-2], {}))
    assert elsewhere.told == []


def in_order(*names: str) -> Silences:
    """The silences of a run that changes these hosts, in this order."""
    made = Silences(SITE, REQUEST)
    for name in names:
        made.before(f"@fake/{name}")
    return made


def test_each_host_has_one_and_what_hangs_on_it_is_in_it(elsewhere: Elsewhere) -> None:
    in_order("lb1", "gw1", "pg1", "pg2", "redis1").end()
    assert list(matchers(elsewhere.told)) == [
        'instance=~"lb1"',
        'instance=~"gw1"',
        # No primary is an alert that is of no host.
        'instance=~"|gw2|pg1|pg2"',
        'instance=~"redis1"',
    ]
    (*_, (_, ends)) = elsewhere.told
    assert [word for word in ends if word.startswith("id-")] == ["id-1", "id-2", "id-3", "id-4"]


def test_one_of_a_load_balancer_is_of_the_address_that_it_shares_too(elsewhere: Elsewhere) -> None:
    data = VirtualAddress.model_construct(virtual_address="10.0.0.10", virtual_address6="2001:db8::10")
    balancer = SiteHost("lb1", "@fake/lb1", frozenset({"load_balancers", "virtual_address"}), {VirtualAddress: data})
    site = Site((balancer, *SITE.hosts[1:]), {})
    assert concerned(site, balancer) == {"lb1", "10.0.0.10", "2001:db8::10"}


def test_that_a_host_boots_is_told_to_nobody_for_as_long_as_the_rule_tells_of_it(
    elsewhere: Elsewhere, said: list[str]
) -> None:
    elsewhere.away.add("@fake/mon1")
    silences.boots(SITE, REQUEST, SITE.host("@fake/gw1"), within=300)
    ((target, made),) = elsewhere.told
    assert target == "@fake/mon2" and len(said) == 1
    assert made[-2:] == ['alertname="HostRebooted"', 'instance=~"gw1"']
    assert f"{300 + silences.NEWS + 60 + 30} seconds" in " ".join(made)
    rule = Path("files/monitoring/rules/hosts.yml").read_text()
    assert f"time() - node_boot_time_seconds < {silences.NEWS}\n" in rule


def test_it_is_told_before_the_boot_and_not_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    def done(target: str, command: StringCommand, within: int | None = None) -> list[str]:
        events.append("asked")
        return [str(len(events))]

    def told(within: int) -> None:
        events.append(f"told {within}")

    monkeypatch.setattr(elsewhere_engine, "done", done)
    monkeypatch.setattr(boot, "EVERY", 0)
    for reboot in (True, False):
        with begun("gw1") as state:
            on_each(state, partial(boot.up_to_date, name="boot", packages=[], reboot=reboot, booting=told))
            executed_all(state)
    # When it came up last, then whom that concerns, then whether it has come up again.
    assert events == ["asked", "told 600", "asked"]


def test_it_goes_on_for_as_long_as_the_run_does(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silences, "AGAIN", 0.01)
    run = in_order("lb1")
    gevent.sleep(0.05)
    run.end()
    told = len(elsewhere.told)
    gevent.sleep(0.05)
    assert len(elsewhere.told) == told > 3
    assert all("600 seconds" in " ".join(words) for _, words in elsewhere.told[:-1])


def test_where_one_is_away_the_other_is_told_and_the_first_not_asked_again(
    elsewhere: Elsewhere, said: list[str]
) -> None:
    elsewhere.away.add("@fake/mon1")
    in_order("lb1", "gw1")
    assert {target for target, _ in elsewhere.told} == {"@fake/mon2"}
    assert said == ["mon1 could not be told that lb1 is changed on purpose: @fake/mon1 is not reached: timed out"]


def test_one_that_hangs_is_waited_for_no_longer_than_that_and_complained_of_once(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(elsewhere_engine, "done", lambda *_: gevent.sleep(60))
    monkeypatch.setattr(silence, "WITHIN", 0.05)
    run = Silences(SITE, REQUEST)
    gevent.joinall([gevent.spawn(run.before, f"@fake/{name}") for name in ("lb1", "gw1")], timeout=5, raise_error=True)
    assert [line.partition(" ")[0] for line in said] == ["mon1", "mon2"]


def test_where_all_are_away_the_run_goes_on(elsewhere: Elsewhere, said: list[str]) -> None:
    elsewhere.away |= {"@fake/mon1", "@fake/mon2"}
    state = ran("lb1", "gw1")
    assert [executed(host).count("change") for host in state.inventory] == [2, 2]
    assert len(said) == 2


def test_before_monitoring_is_there_nobody_complains(elsewhere: Elsewhere, said: list[str]) -> None:
    elsewhere.bare = True
    ran("lb1", "gw1")
    assert [target for target, _ in elsewhere.told] == ["@fake/mon1", "@fake/mon2"]
    assert said == []


def test_one_of_a_run_that_fails_ends_too(elsewhere: Elsewhere) -> None:
    with begun("lb1", fake_responses={"change": {"success": False}}) as state:
        silences.kept(SITE, REQUEST)
        on_each(state, lambda: changed(name="1"))
        executed_all(state)
    assert [words[4] for _, words in elsewhere.told] == ["add", "update"]


def test_what_raised_elsewhere_does_not_change_whose_turn_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(StringCommand, "execute", late)
    with begun("gw1", "lb1") as state:
        one, other = state.inventory
        with ctx_host.use(one):
            with pytest.raises(ElsewhereError):
                elsewhere_engine.done(other.name, StringCommand("anything"), 1)
            assert ctx_host.get() is one  # type: ignore[no-untyped-call]
