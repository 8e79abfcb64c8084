"""The firewall's rules: groups become addresses, and both sides of each connection get theirs."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from deploys.settings import model, rules
from deploys.settings.host import SiteHost
from deploys.settings.rules import HostRule
from deploys.settings.site import Site

SHARED = runpy.run_path("group_data/all.py") | {"environment": "unit"}


def host(name: str, number: int, *groups: str, **data: Any) -> SiteHost:
    values = SHARED | {"address": f"10.0.0.{number}", "address6": f"fd00::{number}"} | data
    return SiteHost(name, name, frozenset(groups), model.All.model_validate(values), {})


def site(*firewall_rules: dict[str, Any], **data: Any) -> Site:
    data |= {"firewall_rules": firewall_rules}
    hosts = (
        host("gw1", 21, "gateways", **data),
        host("gw2", 22, "gateways", **data),
        host("pg1", 31, "postgres", **data),
    )
    return Site(hosts, {})


def listed(site: Site, name: str) -> list[str]:
    return [
        f"{rule.action} {rule.direction} {rule.address} {rule.protocol}/{rule.port}"
        for rule in rules.of_host(site, site.host(name))
    ]


def test_both_sides_of_a_rule_are_derived_for_both_families() -> None:
    found = site({"who": "gateways", "whom": "postgres", "ports": ["postgres_port"]})
    assert listed(found, "gw1") == ["allow out 10.0.0.31 tcp/5432", "allow out fd00::31 tcp/5432"]
    assert listed(found, "pg1") == [
        "allow in 10.0.0.21 tcp/5432",
        "allow in fd00::21 tcp/5432",
        "allow in 10.0.0.22 tcp/5432",
        "allow in fd00::22 tcp/5432",
    ]


def test_a_host_needs_no_rule_for_itself() -> None:
    found = site({"who": "gateways", "whom": "gateways", "ports": [9]})
    assert {rule.address for rule in rules.of_host(found, found.host("gw1"))} == {"10.0.0.22", "fd00::22"}
    assert listed(found, "pg1") == []


def test_a_network_is_the_other_side_only() -> None:
    found = site(
        {"who": "all", "whom": "anywhere", "ports": [53], "protocol": "udp"},
        {"who": "anywhere", "whom": "postgres", "ports": [443]},
    )
    assert listed(found, "gw1") == ["allow out 0.0.0.0/0 udp/53", "allow out ::/0 udp/53"]
    assert listed(found, "pg1") == [
        "allow out 0.0.0.0/0 udp/53",
        "allow out ::/0 udp/53",
        "allow in 0.0.0.0/0 tcp/443",
        "allow in ::/0 tcp/443",
    ]


def test_a_name_can_stand_for_several_ports() -> None:
    found = site(
        {"who": "gateways", "whom": "services", "ports": ["service_ports"]},
        networks={"services": ["10.9.0.0/24"]},
        service_ports=[8080, 8081],
    )
    assert listed(found, "gw1") == ["allow out 10.9.0.0/24 tcp/8080", "allow out 10.9.0.0/24 tcp/8081"]


def test_a_port_is_the_one_at_which_the_other_host_listens() -> None:
    rule = {"who": "gateways", "whom": "postgres", "ports": ["postgres_port"]}
    hosts = (
        host("gw1", 21, "gateways", firewall_rules=[rule]),
        host("pg1", 31, "postgres", firewall_rules=[rule], postgres_port=6000),
    )
    found = Site(hosts, {})
    assert "allow out 10.0.0.31 tcp/6000" in listed(found, "gw1")
    assert "allow in 10.0.0.21 tcp/6000" in listed(found, "pg1")


def test_of_two_rules_for_the_same_the_first_counts_and_ones_own_come_first() -> None:
    extra = [{"who": "gateways", "whom": "postgres", "ports": [5432], "action": "deny"}]
    found = site({"who": "gateways", "whom": "postgres", "ports": ["postgres_port"]}, firewall_extra_rules=extra)
    assert listed(found, "gw1") == ["deny out 10.0.0.31 tcp/5432", "deny out fd00::31 tcp/5432"]


def test_a_host_without_an_ipv6_address_is_reached_over_ipv4_only() -> None:
    rule = {"who": "gateways", "whom": "postgres", "ports": [5432]}
    hosts = (
        host("gw1", 21, "gateways", firewall_rules=[rule]),
        host("pg1", 31, "postgres", firewall_rules=[rule], address6=None),
    )
    assert listed(Site(hosts, {}), "gw1") == ["allow out 10.0.0.31 tcp/5432"]


@pytest.mark.parametrize(
    ("peer", "family", "anyone", "address"),
    [
        ("10.0.0.1/32", 4, False, "10.0.0.1"),
        ("10.0.0.0/8", 4, False, "10.0.0.0/8"),
        ("0.0.0.0/0", 4, True, "0.0.0.0/0"),
        ("fd00::1/128", 6, False, "fd00::1"),
        ("::/0", 6, True, "::/0"),
    ],
)
def test_a_peer_is_written_as_people_and_programs_write_it(peer: str, family: int, anyone: bool, address: str) -> None:
    rule = HostRule("in", peer, 22, "tcp", "allow", "")
    assert (rule.family, rule.anyone, rule.address) == (family, anyone, address)
