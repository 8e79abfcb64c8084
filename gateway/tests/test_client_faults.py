"""Clients that are slow, silent, or too many."""

import errno
import resource
import select
import socket

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import read_all
from support.metrics import metric
from support.processes import wait_until
from support.upstreams import read_head

CONNECTIONS = 10_000


@pytest.fixture
def many_descriptors() -> None:
    """Allow this process and those it starts as many connections as the test opens."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def test_ten_thousand_connections_that_say_nothing_hurt_nobody(
    many_descriptors: None, start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, CLIENT_HEADER_TIMEOUT=6)
    connections: list[socket.socket] = []
    for _ in range(CONNECTIONS):
        connection = socket.socket()
        connection.setblocking(False)
        assert connection.connect_ex(("127.0.0.1", gateway.port)) in (0, errno.EINPROGRESS)
        connections.append(connection)
        if len(connections) % 500 == 0:
            # The kernel keeps only so many that are not accepted yet.
            poll = select.poll()
            poll.register(connection, select.POLLOUT)
            assert poll.poll(10_000)
    assert web.get(f"{gateway.url}/api/samples/1").status_code == 200
    open_ones = int(metric(gateway.url, "gateway_client_connections"))
    assert open_ones >= CONNECTIONS * 0.9
    wait_until(lambda: metric(gateway.url, "gateway_client_connections") < 10, "The end of the silent ones", 20)
    for connection in connections:
        connection.close()


def test_a_head_that_does_not_come_to_its_end_is_given_up(start_gateway: StartGateway) -> None:
    gateway = start_gateway(CLIENT_HEADER_TIMEOUT=0.5)
    with gateway.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: exam")
        assert read_all(connection).startswith(b"HTTP/1.1 408")
    with gateway.connect() as silent:
        assert read_all(silent) == b""


def test_a_body_that_does_not_go_on_is_given_up(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    cut: list[bytes] = []

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        cut.append(connection.recv(100))

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(conversation).url, CLIENT_IDLE_TIMEOUT=0.5)
    with gateway.connect() as connection:
        connection.sendall(b"POST /api/samples HTTP/1.1\r\nHost: example.org\r\nContent-Length: 10\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 408")
    wait_until(lambda: cut == [b""], "The service's end of the request", 5)


def test_a_client_that_stops_reading_is_given_up(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    ended: list[bool] = []

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            ended.append(True)

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(conversation).url, CLIENT_IDLE_TIMEOUT=0.5)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        read_head(connection)
        wait_until(lambda: bool(ended), "The end of the answer", 10)


def test_a_quiet_keep_alive_connection_is_closed_in_time(start_gateway: StartGateway) -> None:
    gateway = start_gateway(CLIENT_KEEP_ALIVE_TIMEOUT=0.5)
    with gateway.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 200")
        assert b"HTTP" not in read_all(connection)
