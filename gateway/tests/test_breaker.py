"""The circuit breaker and the active health checks."""

import socket
import threading
import time

import httpx
import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.processes import wait_until
from support.upstreams import answer, read_head


def _state(url: str) -> str:
    return str(web.get(f"{url}/health/detailed").json()["services"]["sample"]["breaker"])


def test_it_opens_after_failures_and_closes_after_a_trial(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream()
    upstream.reply = answer("503 Service Unavailable")
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        RAG_SERVICE_URL=start_upstream().url,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=3,
        CIRCUIT_BREAKER_RECOVERY_TIMEOUT=1,
        UPSTREAM_ATTEMPTS=1,
    )

    def ask() -> httpx.Response:
        return web.get(f"{gateway.url}/api/samples/1")

    for _ in range(3):
        assert "cause" not in ask().text
    refused = ask()
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert len(upstream.heads) == 3
    assert _state(gateway.url) == "open"
    assert web.get(f"{gateway.url}/api/rag/1").status_code == 200, "other services are not concerned"
    assert 'gateway_breaker_state{service="sample"} 2.0' in web.get(f"{gateway.url}/metrics").text
    time.sleep(1)
    assert ask().status_code == 503
    assert len(upstream.heads) == 4, "one request tries"
    ask()
    assert len(upstream.heads) == 4, "and as it failed, no other does"
    upstream.reply = answer()
    time.sleep(1)
    assert ask().status_code == 200
    assert _state(gateway.url) == "closed"


def test_answers_that_are_cut_open_it(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    def cut(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(cut).url, CIRCUIT_BREAKER_FAILURE_THRESHOLD=3)
    for _ in range(3):
        with pytest.raises(httpx.RemoteProtocolError):
            web.get(f"{gateway.url}/api/samples/1")
    wait_until(lambda: _state(gateway.url) == "open", "The breaker's opening", 5)
    assert web.get(f"{gateway.url}/api/samples/1").status_code == 503


def test_a_stream_that_goes_on_is_a_trial_that_has_worked(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    ended = threading.Event()

    def stream(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        ended.wait(20)

    upstream = start_upstream()
    upstream.reply = answer("503 Service Unavailable", b"", "Connection: close")
    gateway = start_gateway(
        EVENT_SERVICE_URL=upstream.url,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1,
        CIRCUIT_BREAKER_RECOVERY_TIMEOUT=0.5,
        UPSTREAM_ATTEMPTS=1,
    )
    assert web.get(f"{gateway.url}/api/events").status_code == 503
    upstream._conversation = stream
    time.sleep(0.6)
    with web.stream("GET", f"{gateway.url}/api/events") as first:
        assert first.status_code == 200
        assert web.get(f"{gateway.url}/api/events").status_code == 503
        time.sleep(0.6)
        for _ in range(3):
            with web.stream("GET", f"{gateway.url}/api/events") as other:
                assert other.status_code == 200
        ended.set()


def test_only_one_request_tries_a_half_open_service(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    upstream = start_upstream()
    upstream.reply = answer("503 Service Unavailable")
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        CIRCUIT_BREAKER_FAILURE_THRESHOLD=1,
        CIRCUIT_BREAKER_RECOVERY_TIMEOUT=0.3,
        UPSTREAM_KEEP_ALIVE_TIMEOUT=0.1,
        UPSTREAM_ATTEMPTS=1,
    )
    web.get(f"{gateway.url}/api/samples/1")
    go_on = threading.Event()

    def slow(connection: object) -> None:
        go_on.wait(10)

    upstream._conversation = slow
    time.sleep(0.5)
    with gateway.connect() as trial:
        trial.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        wait_until(lambda: _state(gateway.url) == "half-open", "The trial", 5)
        assert web.get(f"{gateway.url}/api/samples/1").status_code == 503
    # The trial's client has left: the next request is the trial.
    wait_until(lambda: _state(gateway.url) == "open", "The trial's end", 5)
    upstream._conversation = upstream.serve_requests
    upstream.reply = answer()
    go_on.set()
    assert web.get(f"{gateway.url}/api/samples/1").status_code == 200


def test_a_server_that_is_not_well_is_left_out_until_it_is(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    well, unwell = start_upstream(), start_upstream()
    unwell.health = "503 Service Unavailable"
    gateway = start_gateway(SAMPLE_SERVICE_URL=f"{well.url},{unwell.url}", HEALTH_CHECK_INTERVAL=0.2)

    def healthy() -> list[bool]:
        servers = web.get(f"{gateway.url}/health/detailed").json()["services"]["sample"]["servers"]
        return [server["healthy"] for server in servers]

    wait_until(lambda: healthy() == [True, False], "The check", 5)
    for _ in range(6):
        assert web.get(f"{gateway.url}/api/samples/1").status_code == 200
    assert not unwell.heads
    unwell.health = "200 OK"
    wait_until(lambda: healthy() == [True, True], "The next check", 5)
    for _ in range(6):
        web.get(f"{gateway.url}/api/samples/1")
    assert unwell.heads
