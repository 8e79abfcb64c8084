"""A collector of spans is one value, and one rule of the firewall without which a run is refused."""

from __future__ import annotations

import json

from tests.plan.conftest import PlannedCopy

ENDPOINT = ("--data", "gateway_trace_endpoint=http://10.0.0.80:4318/v1/traces")
RULE = json.dumps([{"source": "gateways", "destination": "anywhere", "ports": [4318]}])


def test_without_a_rule_nothing_would_leave_a_gateway(copy: PlannedCopy) -> None:
    run = copy.plan(*ENDPOINT)
    assert run.code != 0
    assert "gateway_trace_endpoint (of gw1) is at 10.0.0.80, port 4318" in run.output
    assert "no host was touched" in run.output


def test_with_one_a_run_goes_on(copy: PlannedCopy) -> None:
    run = copy.plan(*ENDPOINT, "--data", f"firewall_extra_rules={RULE}")
    assert run.code == 0, run.output


def test_what_is_no_address_is_said(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "gateway_trace_endpoint=10.0.0.80:4318")
    assert run.code != 0
    assert "gateway_trace_endpoint (in group_data/gateways.py, or what overrides it)" in run.output
