"""Two load balancers share an address: whatever happens to one, visitors are answered, and by one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests import lab
from tests.scenarios.balancers import (
    ADDRESSES,
    BALANCERS,
    INVENTORY,
    STEADY,
    Watch,
    hardware,
    having,
    owner,
    ready,
    two_balancers,
    watched,
)

pytestmark = pytest.mark.long
"""A second balancer is made for them, which takes minutes."""

POWER_CUT, NGINX_DEAD = 2.0, 1.5
"""Seconds within which all visits lie that fail."""


@pytest.fixture(scope="module", autouse=True)
def site_with_two_balancers(site_as_it_should_be: None) -> Iterator[None]:
    with two_balancers():
        yield


@pytest.fixture(autouse=True)
def both_are_ready() -> None:
    """Each case begins with both balancers as they should be, one of them with the address."""
    lab.eventually(lambda: all(map(ready, BALANCERS)), within=60)
    lab.eventually(owner)
    time.sleep(3)


def other(name: str) -> str:
    return next(one for one in BALANCERS if one != name)


def killed(name: str, program: str, how: signal.Signals = signal.SIGKILL) -> None:
    found = lab.processes_of(name, program)
    assert found, f"{name} runs no {program}"
    for process in found:
        os.kill(process, how)


def steady(watch: Watch, since: float, until: float, one: str) -> None:
    """From a moment on every visitor was answered, and one balancer alone said that it has the address."""
    assert [visit for visit in watch.failed(since) if visit.begin <= until] == []
    assert watch.owners.since(since) == {hardware(one)}
    assert watch.owners.unanswered(since, until) == []


def test_the_power_of_the_one_with_the_address_is_cut_and_it_comes_back() -> None:
    first = owner()
    with watched() as watch:
        began = time.monotonic()
        lab.pull_the_plug(first)
        time.sleep(5)
        ended = time.monotonic()
    watch.told("power cut")
    steady(watch, began + STEADY, ended, other(first))
    assert watch.lasted() <= POWER_CUT
    with watched() as watch:
        began = time.monotonic()
        lab.up(first, inventory=INVENTORY)
        lab.eventually(lambda: ready(first), within=60)
        time.sleep(4)
        ended = time.monotonic()
    watch.told("its return")
    steady(watch, began, ended, other(first))
    assert watch.failed() == []
    assert owner() == other(first)


def test_a_second_run_changes_nothing() -> None:
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}
    for name in BALANCERS:
        told = lab.ssh(name, "cat /var/lib/tracseq-virtual-address/state/address.prom", inventory=INVENTORY)
        assert {f'tracseq_virtual_address{{address="{one}"}} 1' for one in ADDRESSES} <= set(told.splitlines())


@dataclass(frozen=True)
class Case:
    """
    Something that happens to the balancer with the address.

    Attributes:
        happens: does it
        heals: ends it, where it does not end by itself
        within: seconds within which all visits lie that fail
        stays: whether the balancer keeps the address
        claims: seconds for which it still says that it has the address, while visitors are answered by the other: in
            this lab the kernel of a frozen machine is that of all, and a keepalived that hangs is ended after ten
    """

    happens: Callable[[str], object]
    heals: Callable[[str], object] | None = None
    within: float = 2.0
    stays: bool = False
    claims: float = 0.0


def told_to_stop(name: str) -> None:
    """As ``systemctl poweroff`` does (systemd(1), SIGRTMIN+4)."""
    os.kill(lab.first_process(name), signal.SIGRTMIN + 4)


def up_again(name: str) -> None:
    lab.eventually(lambda: not lab.running(name), within=60)
    lab.up(name, inventory=INVENTORY)


def by_hand(command: str) -> Callable[[str], object]:
    return lambda name: lab.ssh(name, command, inventory=INVENTORY)


CASES = {
    "told to stop": Case(told_to_stop, up_again, within=0.5),
    "nginx killed": Case(lambda name: killed(name, "nginx"), within=NGINX_DEAD),
    "nginx frozen": Case(
        lambda name: killed(name, "nginx", signal.SIGSTOP), lambda name: killed(name, "nginx", signal.SIGCONT)
    ),
    "keepalived killed": Case(lambda name: killed(name, "keepalived"), within=POWER_CUT),
    "keepalived frozen": Case(lambda name: killed(name, "keepalived", signal.SIGSTOP), claims=12),
    "frozen": Case(lab.freeze, lab.thaw, claims=5),
    "cable pulled": Case(lab.cut_off, lab.plug_in),
    "hears nobody": Case(lambda name: lab.deafen(name, speaks=True), lab.heal),
    "is heard by nobody": Case(lambda name: lab.deafen(name, hears=True), lab.heal),
    "neither": Case(lab.deafen, lab.heal),
    "systemd-networkd restarted": Case(by_hand("systemctl restart systemd-networkd"), within=0.0, stays=True),
    "its network set up anew": Case(by_hand("networkctl reconfigure host0"), within=0.5, stays=True),
}


@pytest.mark.long
@pytest.mark.parametrize("turn", BALANCERS)
@pytest.mark.parametrize("name", CASES)
def test_what_happens_to_the_one_with_the_address(name: str, turn: str) -> None:
    """On the one Debian and on the other."""
    case = CASES[name]
    given_to(turn)
    with watched() as watch:
        began = time.monotonic()
        case.happens(turn)
        done = time.monotonic()
        time.sleep(max(5, case.claims))
        ended = time.monotonic()
        if case.heals:
            case.heals(turn)
        lab.eventually(lambda: ready(turn), within=60)
        lab.eventually(lambda: len(having()) == 1)
        time.sleep(3)
        after = time.monotonic()
    watch.told(f"{turn}, {name}")
    keeper = turn if case.stays else other(turn)
    if case.claims:
        assert [one for one in watch.failed(began + STEADY) if one.begin <= ended] == []
        assert hardware(keeper) in watch.owners.since(done + STEADY)
    else:
        steady(watch, done + STEADY, ended, keeper)
    if case.claims:
        # One that was frozen wakes up as the owner that it was: which of the two stays it is a race, and no matter.
        keeper = owner()
    assert owner() == keeper
    assert watch.owners.since(after - 1) == {hardware(keeper)}
    assert watch.lasted() <= case.within
    # Its return takes nobody's answer.
    assert watch.failed(ended) == []


def given_to(name: str) -> None:
    """Have a balancer get the address."""
    if owner() != name:
        lab.ssh(other(name), "systemctl restart keepalived", inventory=INVENTORY)
        lab.eventually(lambda: owner() == name)
        time.sleep(3)


@pytest.mark.long
def test_nobody_is_turned_away_while_the_balancers_change() -> None:
    """The one without the address first: read from the order in which the hosts noted their changes."""
    last = owner()
    with watched(every=0.01) as watch:
        run = lab.site("--data", "request_burst=4001", "--data", "upstream_keepalive=33", inventory=INVENTORY)
        back = lab.site(inventory=INVENTORY)
    assert run.code == 0 and back.code == 0, run.output + back.output
    assert run.changes["Load balancer | nginx"] == sorted(BALANCERS)
    watch.told("balancers changed, and changed back")
    assert watch.failed() == []
    assert owner() == last
    stamps = {
        name: float(lab.ssh(name, "stat -c %.9Z /etc/nginx/conf.d/tracseq.conf", inventory=INVENTORY))
        for name in BALANCERS
    }
    assert max(stamps, key=lambda name: stamps[name]) == last


@pytest.mark.long
def test_nobody_is_turned_away_while_both_begin_to_encrypt_what_they_ask_and_while_they_end() -> None:
    encrypted = ("--data", "gateway_tls_port=8443")
    with watched(every=0.01) as watch:
        there = lab.site(*encrypted, inventory=INVENTORY)
        again = lab.site(*encrypted, inventory=INVENTORY)
        alone = lab.pyinfra("-y", "--limit", BALANCERS[0], INVENTORY, "deploys/site.py")
        back = lab.site(inventory=INVENTORY)
    for run in (there, again, back):
        assert run.code == 0, run.output
    watch.told("gateways were asked over TLS, and in plain text again")
    assert watch.failed() == []
    assert again.changes == {}
    assert alone.code != 0
    assert f"{BALANCERS[0]} would ask gateways that know nothing of it" in alone.output
    assert lab.site(inventory=INVENTORY).changes == {}


@pytest.mark.long
def test_the_one_with_the_address_is_out_for_maintenance() -> None:
    """It gives the address away, is switched off and on, and put back; the other answers from its turn on."""
    first = owner()
    command = ("-y", "--json", "--data", "maximum_disk_use=99.5", "--limit", first, INVENTORY, "deploys/maintenance.py")
    with watched(every=0.01) as watch:
        out = lab.pyinfra(*command)
        assert out.code == 0, out.output
        assert owner() == other(first)
        lab.pull_the_plug(first)
        without = lab.site(inventory=INVENTORY)
        assert without.code == 0, without.output
        assert f"{first} is out for maintenance since " in without.output
        lab.up(first, inventory=INVENTORY)
        assert "inactive" in lab.ssh(first, "systemctl is-active nginx keepalived", check=False, inventory=INVENTORY)
        back = lab.pyinfra("--data", "back=true", *command)
        assert back.code == 0, back.output
        lab.eventually(lambda: ready(first), within=60)
    watch.told("out for maintenance, off, on and back")
    assert owner() == other(first)
    assert watch.lasted() <= CASES["told to stop"].within
