"""Load balancers that share an address: refused where nobody could share it, and planned the one that has it last."""

from __future__ import annotations

import pytest

from tests.plan.conftest import PlannedCopy

ADDRESS = ("--data", "virtual_address=10.0.0.10")
UNTOUCHED = "no host was touched"
ROLE = "Virtual address | keepalived"
FILE = "/etc/systemd/network/10-netplan-eth0.network.d/tracseq-virtual-address.conf"


def two(copy: PlannedCopy, second: str = '_host("lb2", 12)', more: str = "") -> str:
    """An inventory with a second load balancer."""
    path = copy.directory / "two.py"
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    path.write_text(f"{text}\nload_balancers.append({second})\n{more}")
    return path.name


def test_one_balancer_cannot_share_an_address(copy: PlannedCopy) -> None:
    run = copy.plan(*ADDRESS)
    assert run.code != 0
    assert (
        "virtual_address (in group_data/all.py): the inventory's group load_balancers has one host (lb1)" in run.output
    )
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (("virtual_address=10.0.0.300",), "'10.0.0.300' is no IPv4 address"),
        (("virtual_address=10.0.0.21",), "10.0.0.21 is the address of gw1"),
        (("virtual_address=10.0.0.10", "virtual_address6=fd00::10"), "lb1, lb2 has none"),
        (("virtual_address6=fd00::10",), "needs virtual_address (in group_data/all.py)"),
    ],
)
def test_what_is_wrong_is_said(copy: PlannedCopy, data: tuple[str, ...], problem: str) -> None:
    run = copy.plan(*(part for one in data for part in ("--data", one)), inventory=two(copy))
    assert run.code != 0
    assert problem in run.output
    assert UNTOUCHED in run.output


def test_an_address_of_another_network_is_an_obstacle(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "virtual_address=192.0.2.10", inventory=two(copy))
    assert run.code != 0
    assert "192.0.2.10 is not in 10.0.0.0/24 of eth0" in run.output


def test_without_an_address_nothing_of_it_is_planned(copy: PlannedCopy) -> None:
    for inventory in ("tests/plan/inventory.py", two(copy)):
        run = copy.plan(inventory=inventory)
        assert run.code == 0, run.output
        assert not [one["name"] for one in run.json["plan"] if "irtual address" in one["name"]]


def test_both_have_keepalived_and_the_one_with_the_address_changes_last(copy: PlannedCopy) -> None:
    has = "address\\teth0\\t10.0.0.10/32"
    inventory = two(copy, more=f'load_balancers[0][1]["fake_responses"]["say shell_start"].append("{has}")\n')
    run = copy.plan(*ADDRESS, inventory=inventory)
    assert run.code == 0, run.output
    assert run.changes[ROLE] == ["@fake/lb1", "@fake/lb2"]
    assert run.changes["Virtual address | systemd-networkd keeps the address"] == ["@fake/lb1", "@fake/lb2"]
    for role, operation in (("Load balancer", "Load balancer | nginx"), ("Virtual address", ROLE)):
        hosts = [
            one["hosts_with_change"] if one["name"] == operation else "barrier"
            for one in run.json["plan"]
            if one["name"] in (operation, f"{role}: those without the virtual address are well")
        ]
        assert hosts == [["@fake/lb2"], "barrier", ["@fake/lb1"]]


def test_the_firewalls_let_in_the_other_balancer_alone(copy: PlannedCopy) -> None:
    run = copy.plan(*ADDRESS, "--diff", inventory=two(copy))
    assert run.code == 0, run.output
    rules = {line.strip() for line in run.output.splitlines() if " -p 112 " in line}
    assert {rule.partition("+")[2] for rule in rules} == {
        f"-A ufw-user-{way} -{side} 10.0.0.{number}/32 -p 112 -j ACCEPT"
        for number in (11, 12)
        for way, side in (("input", "s"), ("output", "d"))
    }
    assert FILE in run.output


def test_each_knows_the_other_and_has_a_priority_of_its_own(copy: PlannedCopy) -> None:
    run = copy.plan(*ADDRESS, "--diff", inventory=two(copy))
    for line in ("priority 254", "priority 253", "unicast_src_ip 10.0.0.11", "unicast_src_ip 10.0.0.12"):
        assert line in run.output
