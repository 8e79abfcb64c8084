"""Load balancers and gateways that speak TLS with each other, where the data has a port for it."""

from __future__ import annotations

from tests.plan.conftest import PlannedCopy

TLS = ("--data", "gateway_tls_port=8443")
GREEN = ("--data", "gateway_green_port=8001", "--data", "postgres_max_connections=200")


def test_without_a_port_they_do_not(copy: PlannedCopy) -> None:
    run = copy.plan("--diff")
    assert run.code == 0, run.output
    assert "proxy_pass http://$gateways" in run.output
    assert "proxy_ssl" not in run.output
    assert "GATEWAY_TLS" not in run.output


def test_with_one_each_knows_the_other_and_the_plain_port_is_the_hosts_own(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *TLS)
    assert run.code == 0, run.output
    assert "proxy_pass http://$gateways" not in run.output
    assert "proxy_pass https://$gateways$out;" in run.output
    assert "server 10.0.0.22:8443 max_fails" in run.output
    assert "proxy_ssl_name gateways.tracseq.internal;" in run.output
    assert "ListenStream=127.0.0.1:8000" in run.output
    assert "ListenStream=8443" in run.output
    assert not any("without encryption" in one["name"] for one in run.json["plan"])


def test_a_second_gateway_needs_a_port_of_its_own(copy: PlannedCopy) -> None:
    run = copy.plan(*TLS, *GREEN)
    assert run.code != 0
    assert "gateway_green_tls_port (in group_data/all.py) is None" in run.output
    both = copy.plan("--diff", *TLS, *GREEN, "--data", "gateway_green_tls_port=8444")
    assert both.code == 0, both.output
    assert "server 10.0.0.22:8444 max_fails" in both.output
