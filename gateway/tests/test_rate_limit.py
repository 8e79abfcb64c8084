"""One limit over all gateways, kept by Redis, and by each alone when Redis is away."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess
from support.kernel import remote_ports
from support.processes import wait_until
from support.redis import RedisServer
from support.tokens import bearer, make_token
from support.upstreams import Upstream, answer
from tracseq_gateway.infrastructure.redis import CONNECTIONS

LIMIT = 100
WINDOW = 600


@pytest.fixture
def upstream(start_upstream: StartUpstream) -> Upstream:
    return start_upstream()


def test_all_gateways_together_let_no_more_through_than_the_limit(
    start_gateway: StartGateway, upstream: Upstream, redis: RedisServer
) -> None:
    gateways = [
        start_gateway(
            SAMPLE_SERVICE_URL=upstream.url,
            REDIS_URL=redis.url,
            RATE_LIMIT_REQUESTS=LIMIT,
            RATE_LIMIT_WINDOW=WINDOW,
        )
        for _ in range(3)
    ]
    headers = bearer(make_token(sub="busy"))

    def send(gateway_number: int) -> Counter[int]:
        with httpx.Client(headers=headers) as client:
            url = f"{gateways[gateway_number].url}/api/samples/1"
            return Counter(client.get(url).status_code for _ in range(LIMIT))

    with ThreadPoolExecutor(6) as threads:
        statuses: Counter[int] = sum(threads.map(send, [0, 1, 2, 0, 1, 2]), Counter())
    assert set(statuses) == {200, 429}
    assert statuses[200] <= LIMIT * 1.05
    # What gateways hold and do not use is at most a twentieth of the limit each.
    assert statuses[200] >= LIMIT * 0.85
    assert web.get(f"{gateways[0].url}/api/samples/1", headers=bearer(make_token(sub="other"))).status_code == 200


def test_answers_tell_the_limit(start_gateway: StartGateway, upstream: Upstream, redis: RedisServer) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, REDIS_URL=redis.url, RATE_LIMIT_REQUESTS=3, RATE_LIMIT_WINDOW=WINDOW
    )
    with httpx.Client(headers=bearer(make_token(sub="told"))) as client:
        answers = [client.get(f"{gateway.url}/api/samples/1") for _ in range(4)]
    assert [reply.status_code for reply in answers] == [200, 200, 200, 429]
    assert [reply.headers["ratelimit-remaining"] for reply in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["ratelimit-limit"] == "3"
    assert answers[0].headers["ratelimit-policy"] == f"3;w={WINDOW}"
    assert 0 < int(answers[0].headers["ratelimit-reset"]) <= WINDOW
    assert 0 < int(answers[3].headers["retry-after"]) <= 2 * WINDOW


def test_a_window_that_has_passed_lets_requests_through_again(
    start_gateway: StartGateway, upstream: Upstream, redis: RedisServer
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, REDIS_URL=redis.url, RATE_LIMIT_REQUESTS=5, RATE_LIMIT_WINDOW=1
    )
    with httpx.Client(headers=bearer(make_token(sub="patient"))) as client:

        def status() -> int:
            return client.get(f"{gateway.url}/api/samples/1").status_code

        wait_until(lambda: status() == 429, "The limit", 5)
        wait_until(lambda: status() == 200, "The next window", 5)


def test_the_address_counts_without_a_token_as_load_balancers_tell_it(
    start_gateway: StartGateway, upstream: Upstream, redis: RedisServer
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        REDIS_URL=redis.url,
        RATE_LIMIT_REQUESTS=2,
        RATE_LIMIT_WINDOW=WINDOW,
        TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8",
    )

    def ask(forwarded_for: str) -> int:
        return _status(gateway, forwarded_for)

    assert [ask("192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert ask("192.0.2.2, 10.0.0.9") == 200
    # Whatever the client wrote before what the load balancer added is of no account.
    assert [ask(f"198.51.100.{number}, 192.0.2.1") for number in range(3)] == [429, 429, 429]
    # One subscriber has a whole network of IPv6 addresses.
    assert [ask(f"2001:db8::{number}") for number in range(1, 4)] == [200, 200, 429]


def test_guessing_tokens_is_limited(start_gateway: StartGateway, upstream: Upstream, redis: RedisServer) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        REDIS_URL=redis.url,
        RATE_LIMIT_REQUESTS=4,
        RATE_LIMIT_WINDOW=WINDOW,
        PUBLIC_ROUTES="",
        TRUSTED_PROXIES="127.0.0.1",
    )
    headers = {"X-Forwarded-For": "192.0.2.99", "Authorization": "Bearer guess"}
    statuses = [web.get(f"{gateway.url}/api/samples/1", headers=headers).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 429, 429]


def test_without_redis_each_gateway_limits_by_itself_and_says_so(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    server = RedisServer()
    server.start()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, REDIS_URL=server.url, RATE_LIMIT_REQUESTS=10, RATE_LIMIT_WINDOW=WINDOW
    )
    headers = bearer(make_token(sub="alone"))
    with httpx.Client(headers=headers) as client:
        assert client.get(f"{gateway.url}/api/samples/1").status_code == 200
        assert _mode(gateway.url) == "shared"
        server.stop()
        began = time.monotonic()
        statuses = Counter(client.get(f"{gateway.url}/api/samples/1").status_code for _ in range(30))
        assert time.monotonic() - began < 10, "an absent Redis must not be waited for with each request"
        assert set(statuses) == {200, 429}
        assert statuses[200] <= 20
        assert _mode(gateway.url) == "local"
        assert "gateway_rate_limit_shared 0.0" in web.get(f"{gateway.url}/metrics").text
        server.start()
        wait_until(lambda: _mode(gateway.url) == "shared", "Redis's return")
        wait_until(lambda: client.get(f"{gateway.url}/api/samples/1").status_code == 200, "The shared limit", 5)
    server.stop()


def test_a_slow_redis_is_asked_over_a_bounded_number_of_connections(
    start_gateway: StartGateway, upstream: Upstream, redis: RedisServer
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        REDIS_URL=redis.url,
        REDIS_TIMEOUT=20,
        RATE_LIMIT_REQUESTS=10,
        TRUSTED_PROXIES="127.0.0.1",
    )
    clients = [f"192.0.2.{number}" for number in range(3 * CONNECTIONS)]

    redis.freeze()
    try:
        with ThreadPoolExecutor(len(clients)) as threads:
            asked = [threads.submit(_status, gateway, client, 30) for client in clients]
            wait_until(lambda: _clients(gateway.url) > len(clients), "The requests", 20)
            wait_until(lambda: _asking(gateway, redis) >= CONNECTIONS, "The connections to Redis", 20)
            time.sleep(0.5)
            assert _asking(gateway, redis) == CONNECTIONS
            redis.thaw()
            assert {request.result() for request in asked} == {200}
    finally:
        redis.thaw()


def _status(gateway: GatewayProcess, forwarded_for: str, timeout: float = 10) -> int:
    headers = {"X-Forwarded-For": forwarded_for}
    return web.get(f"{gateway.url}/api/samples/1", headers=headers, timeout=timeout).status_code


def _clients(url: str) -> float:
    match = re.search(r"^gateway_client_connections (\S+)", web.get(f"{url}/metrics").text, re.MULTILINE)
    return float(match[1]) if match is not None else 0.0


def _asking(gateway: GatewayProcess, redis: RedisServer) -> int:
    return remote_ports(gateway.process.pid)[redis.port]


def _mode(url: str) -> str:
    return str(web.get(f"{url}/health/detailed").json()["rate_limit"])


def test_a_failing_service_costs_its_callers_more_until_it_is_well_again(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        RATE_LIMIT_REQUESTS=1000,
        RATE_LIMIT_WINDOW=WINDOW,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1000,
    )
    upstream.reply = answer("504 Gateway Timeout")
    with httpx.Client() as client:
        for _ in range(30):
            client.get(f"{gateway.url}/api/samples/1")
        wait_until(lambda: _cost(gateway.url) > 1.4, "The tightening", 15)
        upstream.reply = answer()
        assert client.get(f"{gateway.url}/api/samples/1").headers["ratelimit-limit"] == "700"
    before = _cost(gateway.url)
    wait_until(lambda: _cost(gateway.url) < before, "The loosening", 15)


def _cost(url: str) -> float:
    return float(web.get(f"{url}/health/detailed").json()["services"]["sample"]["rate_limit_cost"])
