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
    assert "gateway-tls" not in run.output


def test_with_one_each_knows_the_other_and_the_plain_port_is_the_hosts_own(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *TLS)
    assert run.code == 0, run.output
    assert "proxy_pass http://$gateways" not in run.output
    assert "proxy_pass https://$gateways$out;" in run.output
    assert "server 10.0.0.22:8443 max_fails" in run.output
    assert "proxy_ssl_name gateways.tracseq.internal;" in run.output
    assert "ListenStream=127.0.0.1:8000" in run.output
    assert "ListenStream=8443" in run.output
    assert "--dport 8000 " not in run.output, "nobody else reaches the other port"


def test_redis_is_asked_over_tls_and_its_own_host_asks_without(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", "--data", "redis_tls_port=6380")
    assert run.code == 0, run.output
    assert "-s 10.0.0.22/32 -p tcp -m tcp --dport 6380 -j ACCEPT" in run.output
    assert "--dport 6379 " not in run.output, "nobody else reaches the other port"
    assert "/etc/tracseq/redis/member.key" in run.output
    assert "/etc/tracseq/gateway-tls/redis.key" in run.output


def test_sentinels_need_a_port_of_their_own(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "redis_tls_port=6380", "--data", "redis_sentinel_tls_port=26380")
    assert run.code != 0
    assert "redis_sentinel_tls_port (in group_data/all.py) is for a site that has redis_tls_port" in run.output


def test_a_second_gateway_needs_a_port_of_its_own(copy: PlannedCopy) -> None:
    run = copy.plan(*TLS, *GREEN)
    assert run.code != 0
    assert "gateway_green_tls_port (in group_data/all.py) is None" in run.output
    both = copy.plan("--diff", *TLS, *GREEN, "--data", "gateway_green_tls_port=8444")
    assert both.code == 0, both.output
    assert "server 10.0.0.22:8444 max_fails" in both.output
