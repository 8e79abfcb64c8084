"""The health endpoints with real Postgres and Redis, there and away."""

import signal
import threading
import time

import httpx
import redis as redis_client

from conftest import StartGateway, StartUpstream
from support import web
from support.postgres import PostgresServer
from support.processes import wait_until
from support.redis import RedisServer
from support.upstreams import answer, read_head


def test_it_lives_and_is_ready_while_everything_else_is_away(start_gateway: StartGateway) -> None:
    gateway = start_gateway(REDIS_URL="redis://127.0.0.1:1")
    live = web.get(f"{gateway.url}/health")
    assert live.status_code == 200
    assert live.json()["version"] == "2.0.0"
    assert live.headers["x-frame-options"] == "DENY"
    assert web.get(f"{gateway.url}/health/ready").status_code == 200
    detailed = web.get(f"{gateway.url}/health/detailed")
    assert detailed.status_code == 503
    assert detailed.json()["database"]["status"] == "down"
    assert detailed.json()["redis"]["status"] == "down"


def test_detailed_health_sees_postgres_and_redis(
    start_gateway: StartGateway, postgres: PostgresServer, redis: RedisServer
) -> None:
    gateway = start_gateway(DATABASE_URL=postgres.url(), REDIS_URL=redis.url, SAMPLE_SERVICE_URL="http://127.0.0.1:9")
    end = time.monotonic() + 10
    while (detailed := web.get(f"{gateway.url}/health/detailed")).status_code != 200:
        assert time.monotonic() < end, detailed.text
    assert detailed.json()["database"]["pool"]["size"] >= 1
    assert list(detailed.json()["services"]) == ["sample"]


def test_each_dependency_is_named_with_its_state(
    start_gateway: StartGateway, start_upstream: StartUpstream, postgres: PostgresServer
) -> None:
    redis = RedisServer()
    redis.start()
    sample, rag = start_upstream(), start_upstream()
    gateway = start_gateway(
        DATABASE_URL=postgres.url(),
        REDIS_URL=redis.url,
        SAMPLE_SERVICE_URL=sample.url,
        RAG_SERVICE_URL=rag.url,
        HEALTH_CHECK_INTERVAL=0.1,
    )
    url = f"{gateway.url}/health/dependencies"
    wait_until(lambda: web.get(url).status_code == 200, "The dependencies' checks")
    up = {"postgres": "up", "redis": "up", "service sample": "up", "service rag": "up"}
    assert web.get(url).json()["dependencies"] == up
    rag.health = "503 Service Unavailable"
    redis.stop()
    wait_until(
        lambda: web.get(url).json()["dependencies"] == up | {"redis": "down", "service rag": "down"}, "The absence"
    )
    cut_off = web.get(url)
    assert (cut_off.status_code, cut_off.json()["status"]) == (503, "cut off")
    # Only the host itself is told.
    assert web.get(url, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404


def test_many_who_ask_for_health_make_few_checks(
    start_gateway: StartGateway, postgres: PostgresServer, redis: RedisServer
) -> None:
    gateway = start_gateway(DATABASE_URL=postgres.url(), REDIS_URL=redis.url)
    web.get(f"{gateway.url}/health/detailed")
    with redis_client.Redis.from_url(redis.url) as client:
        client.config_resetstat()
        begin = time.monotonic()
        for _ in range(100):
            web.get(f"{gateway.url}/health/detailed")
        most = time.monotonic() - begin + 1
        assert client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"] <= most


def test_sigterm_lets_requests_in_flight_end_and_exits_with_0(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow(connection: object) -> None:
        read_head(connection)  # type: ignore[arg-type]
        arrived.set()
        go_on.wait(10)
        connection.sendall(answer(body=b"late"))  # type: ignore[attr-defined]

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(slow).url, GATEWAY_DRAIN_DELAY="0.5")
    results: list[httpx.Response] = []
    request = threading.Thread(target=lambda: results.append(web.get(f"{gateway.url}/api/samples/1")))
    request.start()
    assert arrived.wait(10)
    gateway.process.send_signal(signal.SIGTERM)
    while web.get(f"{gateway.url}/health/ready").status_code != 503:
        time.sleep(0.01)
    go_on.set()
    request.join(10)
    assert results[0].content == b"late"
    assert gateway.process.wait(10) == 0
