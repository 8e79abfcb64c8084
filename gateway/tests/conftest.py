"""Servers that tests share, and those that each test has for itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from support.gateway import GatewayProcess
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.upstreams import Conversation, Upstream

# The same examples on each machine, however fast it is.
settings.register_profile("gateway", deadline=None, derandomize=True, database=None)
settings.load_profile("gateway")

StartGateway = Callable[..., GatewayProcess]
StartUpstream = Callable[..., Upstream]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server for all tests that do not stop it."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis server for all tests that do not stop it."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """Start gateways with the given variables; all end with the test."""
    started: list[GatewayProcess] = []

    def start(**variables: Any) -> GatewayProcess:
        gateway = GatewayProcess(tmp_path, **variables)
        started.append(gateway)
        return gateway.wait()

    yield start
    for gateway in started:
        gateway.stop()
    for gateway in started:
        assert "Traceback" not in gateway.errors.read_text(), "The gateway met an error of its own."


@pytest.fixture
def start_upstream() -> Iterator[StartUpstream]:
    """Start services; all end with the test."""
    started: list[Upstream] = []

    def start(conversation: Conversation | None = None) -> Upstream:
        upstream = Upstream(conversation)
        started.append(upstream)
        return upstream

    yield start
    for upstream in started:
        upstream.close()
