"""Spans that the firewall would not let out are refused in a sentence."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from typing import Any

import pytest

from deploys.roles.gateway import traces
from deploys.roles.gateway.declaration import Gateways
from deploys.settings import declarations
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

RULE = {"source": "gateways", "destination": "tracing", "ports": [4318]}
DENIED = {**RULE, "action": "reject"}
ENDPOINT = "http://10.0.0.80:4318/v1/traces"


def said(endpoint: str | None, *rules: Mapping[str, Any], **environment: str) -> list[str]:
    values = runpy.run_path("group_data/all.py") | runpy.run_path("group_data/gateways.py") | {"environment": "unit"}
    values["networks"] = values["networks"] | {"tracing": ["10.0.0.80", "fd00::80"], "anywhere": ["0.0.0.0/0", "::/0"]}

    def host(name: str, number: int, *groups: str) -> SiteHost:
        own = values | {"address": f"10.0.0.{number}", "address6": None, "firewall_extra_rules": list(rules)}
        models: dict[type[Data], Data] = {model: model.model_validate(own) for model in (Shared, EveryHost, Gateways)}
        return SiteHost(name, name, frozenset(groups), models)

    hosts = (host("gw1", 21, "gateways"), host("mon1", 61, "monitoring"))
    shared = hosts[0].data(Shared)
    site = Site(hosts, {}, (*shared.firewall_extra_rules, *declarations.rules(shared)))
    return list(traces.problems(site, hosts[0], endpoint, environment))


@pytest.mark.parametrize(
    ("endpoint", "rules"),
    [
        (None, ()),
        (ENDPOINT, (RULE,)),
        ("http://[fd00::80]:4318/v1/traces", (RULE,)),
        ("http://tempo.example.org:4318/v1/traces", (RULE,)),
        ("https://tempo.example.org/v1/traces", ()),
        ("http://127.0.0.1:4318/v1/traces", ()),
        ("http://localhost:4318/v1/traces", ()),
        ("http://10.0.0.21:4318/v1/traces", ()),
        ("http://mon1:4318/v1/traces", ({**RULE, "destination": "monitoring"},)),
        (ENDPOINT, (RULE, DENIED)),
        (ENDPOINT, ({**RULE, "ports": ["no_such_port"]}, RULE)),
    ],
)
def test_what_the_firewall_lets_out_is_well(endpoint: str | None, rules: tuple[Mapping[str, Any], ...]) -> None:
    assert said(endpoint, *rules) == []


@pytest.mark.parametrize(
    ("endpoint", "rules"),
    [
        (ENDPOINT, ()),
        (ENDPOINT, ({**RULE, "ports": [4317]},)),
        (ENDPOINT, ({**RULE, "source": "monitoring"},)),
        (ENDPOINT, ({**RULE, "protocol": "udp"},)),
        (ENDPOINT, (DENIED, RULE)),
        ("http://10.0.0.81:4318/v1/traces", (RULE,)),
        ("http://mon1:4318/v1/traces", (RULE,)),
        ("http://tempo.example.org:4318/v1/traces", ()),
    ],
)
def test_what_it_does_not_is_said(endpoint: str, rules: tuple[Mapping[str, Any], ...]) -> None:
    (sentence,) = said(endpoint, *rules)
    assert "port 4318, to which the firewall does not let gw1: give gateways a rule" in sentence


def test_a_port_that_there_is_not() -> None:
    assert "no port that there is" in said("http://10.0.0.80:99999/v1/traces")[0]


def test_what_has_a_value_of_its_own_is_no_further_variable() -> None:
    (sentence,) = said(None, TRACE_ENDPOINT=ENDPOINT)
    assert "gateway_environment (of gw1) has TRACE_ENDPOINT: write it as gateway_trace_endpoint" in sentence


def test_a_gateway_is_told_of_a_collector_that_there_is() -> None:
    assert traces.variables(None, 1) == {}
    assert traces.variables(ENDPOINT, 0.25) == {"TRACE_ENDPOINT": ENDPOINT, "TRACE_SAMPLE_RATIO": "0.25"}
    assert traces.variables(ENDPOINT, 1.0)["TRACE_SAMPLE_RATIO"] == "1"
