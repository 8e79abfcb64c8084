"""The firewall's rules: groups become addresses, and both sides of each connection get theirs."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from pydantic import ValidationError

from deploys.settings import rules
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.rules import HostRule
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

SHARED = runpy.run_path("group_data/all.py") | {"environment": "unit"}


def host(name: str, number: int, *groups: str, **data: Any) -> SiteHost:
    values = SHARED | {"address": f"10.0.0.{number}", "address6": f"fd00::{number}"} | data
    models: dict[type[Data], Data] = {model: model.model_validate(values) for model in (Shared, EveryHost)}
    return SiteHost(name, name, frozenset(groups), models)


def site(*firewall_rules: dict[str, Any], **data: Any) -> Site:
    extra = data.get("firewall_extra_rules", [])
    hosts = (
        host("gw1", 21, "gateways", **data),
        host("gw2", 22, "gateways", **data),
        host("pg1", 31, "postgres", **data),
    )
    return Site(hosts, {}, written(*extra, *firewall_rules))


def written(*given: dict[str, Any]) -> tuple[Rule, ...]:
    return tuple(Rule.model_validate(rule) for rule in given)


def listed(site: Site, name: str) -> list[str]:
    return [
        f"{rule.action} {rule.direction} {rule.address} {rule.protocol}/{rule.port}"
        for rule in rules.of_host(site, site.host(name))
    ]


def test_both_sides_of_a_rule_are_derived_for_both_families() -> None:
    found = site({"source": "gateways", "destination": "postgres", "ports": ["postgres_port"]})
    assert listed(found, "gw1") == ["allow out 10.0.0.31 tcp/5432", "allow out fd00::31 tcp/5432"]
    assert listed(found, "pg1") == [
        "allow in 10.0.0.21 tcp/5432",
        "allow in fd00::21 tcp/5432",
        "allow in 10.0.0.22 tcp/5432",
        "allow in fd00::22 tcp/5432",
    ]


def test_a_port_that_is_none_has_no_rule() -> None:
    rule = {"source": "gateways", "destination": "postgres", "ports": ["postgres_pool_port"]}
    assert listed(site(rule), "pg1") == []
    assert "allow in 10.0.0.21 tcp/6432" in listed(site(rule, postgres_pool_port=6432), "pg1")


def test_a_host_needs_no_rule_for_itself() -> None:
    found = site({"source": "gateways", "destination": "gateways", "ports": [9]})
    assert {rule.address for rule in rules.of_host(found, found.host("gw1"))} == {"10.0.0.22", "fd00::22"}
    assert listed(found, "pg1") == []


def test_a_network_is_the_other_side_only() -> None:
    found = site(
        {"source": "all", "destination": "anywhere", "ports": [53], "protocol": "udp"},
        {"source": "anywhere", "destination": "postgres", "ports": [443]},
    )
    assert listed(found, "gw1") == ["allow out 0.0.0.0/0 udp/53", "allow out ::/0 udp/53"]
    assert listed(found, "pg1") == [
        "allow out 0.0.0.0/0 udp/53",
        "allow out ::/0 udp/53",
        "allow in 0.0.0.0/0 tcp/443",
        "allow in ::/0 tcp/443",
    ]


def test_a_rule_can_have_several_ports() -> None:
    found = site(
        {"source": "gateways", "destination": "outside", "ports": ["redis_port", 8081]},
        networks={"outside": ["10.9.0.0/24"]},
    )
    assert listed(found, "gw1") == ["allow out 10.9.0.0/24 tcp/6379", "allow out 10.9.0.0/24 tcp/8081"]


def test_a_port_is_the_one_at_which_the_other_host_listens() -> None:
    rule = {"source": "gateways", "destination": "postgres", "ports": ["ssh_port_of_hosts"]}
    hosts = (
        host("gw1", 21, "gateways"),
        host("pg1", 31, "postgres", ssh_port_of_hosts=6000),
    )
    found = Site(hosts, {}, written(rule))
    assert "allow out 10.0.0.31 tcp/6000" in listed(found, "gw1")
    assert "allow in 10.0.0.21 tcp/6000" in listed(found, "pg1")


def test_of_two_rules_for_the_same_the_first_counts_and_ones_own_come_first() -> None:
    extra = [{"source": "gateways", "destination": "postgres", "ports": [5432], "action": "deny"}]
    found = site(
        {"source": "gateways", "destination": "postgres", "ports": ["postgres_port"]}, firewall_extra_rules=extra
    )
    assert listed(found, "gw1") == ["deny out 10.0.0.31 tcp/5432", "deny out fd00::31 tcp/5432"]


def test_a_host_without_an_ipv6_address_is_reached_over_ipv4_only() -> None:
    rule = {"source": "gateways", "destination": "postgres", "ports": [5432]}
    hosts = (
        host("gw1", 21, "gateways"),
        host("pg1", 31, "postgres", address6=None),
    )
    assert listed(Site(hosts, {}, written(rule)), "gw1") == ["allow out 10.0.0.31 tcp/5432"]


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


def test_a_protocol_without_ports_is_let_through_both_ways() -> None:
    found = site({"source": "gateways", "destination": "gateways", "protocol": "vrrp"})
    assert {
        (rule.direction, rule.peer, rule.port, rule.protocol) for rule in rules.of_host(found, found.host("gw1"))
    } == {
        ("in", "10.0.0.22/32", None, "vrrp"),
        ("out", "10.0.0.22/32", None, "vrrp"),
        ("in", "fd00::22/128", None, "vrrp"),
        ("out", "fd00::22/128", None, "vrrp"),
    }


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"who": "all", "destination": "all", "ports": [1]}, "a rule's who is called source now"),
        ({"source": "all", "whom": "all", "ports": [1]}, "a rule's whom is called destination now"),
        ({"source": "all", "destination": "all", "ports": [1], "protocol": "vrrp"}, "vrrp has no ports"),
        ({"source": "all", "destination": "all"}, "needs at least one port"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_to_write(rule: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Rule.model_validate(rule)
