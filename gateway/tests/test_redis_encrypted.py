"""Redis and its Sentinels over TLS: both ends are known, and a new certificate is taken up."""

from pathlib import Path
from typing import Any

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.certificates import Authority
from support.gateway import GatewayProcess
from support.processes import free_port, wait_until
from support.redis import RedisServer
from support.sentinels import MASTER, PASSWORD, ReplicatedRedis


class Encrypted:
    """A Redis that is asked over TLS, and by those alone who show a certificate of its authority."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.shown = self.authority.issue("gateway", "gw1")
        own, self.port = self.authority.issue("redis", "redis1"), free_port()
        files = ("--tls-cert-file", str(own[0]), "--tls-key-file", str(own[1]))
        trusted = ("--tls-ca-cert-file", str(self.authority.file), "--tls-auth-clients", "yes")
        self.server = RedisServer("--tls-port", str(self.port), *files, *trusted)

    @property
    def variables(self) -> dict[str, Any]:
        """What a gateway is told."""
        certificate, key = self.shown
        return {
            "REDIS_URL": f"rediss://127.0.0.1:{self.port}/0",
            "REDIS_CA_FILE": self.authority.file,
            "REDIS_CERTIFICATE": certificate,
            "REDIS_KEY": key,
        }


@pytest.fixture
def encrypted(tmp_path: Path) -> Any:
    redis = Encrypted(tmp_path)
    redis.server.start()
    yield redis
    redis.server.stop()


def is_up(gateway: GatewayProcess) -> bool:
    return bool(web.get(f"{gateway.url}/health/detailed").json()["redis"]["status"] == "up")


def test_redis_is_asked_over_tls_by_those_alone_whom_it_knows(
    start_gateway: StartGateway, encrypted: Encrypted, tmp_path: Path
) -> None:
    known = start_gateway(**encrypted.variables)
    wait_until(lambda: is_up(known), "Redis's answer")
    without = start_gateway(**encrypted.variables | {"REDIS_CERTIFICATE": "", "REDIS_KEY": ""})
    (tmp_path / "other").mkdir()
    another = Authority(tmp_path / "other")
    distrusts = start_gateway(**encrypted.variables | {"REDIS_CA_FILE": another.file})
    assert not is_up(without)
    assert not is_up(distrusts)


def test_a_new_certificate_is_shown_without_a_call_that_fails(
    start_gateway: StartGateway, start_upstream: StartUpstream, encrypted: Encrypted
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, RATE_LIMIT_REQUESTS=100_000, **encrypted.variables)
    wait_until(lambda: is_up(gateway), "Redis's answer")
    encrypted.authority.issue("gateway", "gw1")

    def asked_with_it() -> bool:
        assert web.get(f"{gateway.url}/api/samples/1").status_code == 200
        return "Redis is asked with a new certificate" in gateway.errors.read_text()

    wait_until(asked_with_it, "The new certificate")
    assert is_up(gateway)
    assert "Redis does not answer" not in gateway.errors.read_text()


def test_a_master_is_followed_over_tls(start_gateway: StartGateway, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown = (authority.file, *authority.issue("member", "redis1"))
    with ReplicatedRedis(tmp_path, shown=shown) as replicated:
        gateway = start_gateway(
            REDIS_SENTINELS=replicated.sentinels,
            REDIS_MASTER=MASTER,
            REDIS_PASSWORD=PASSWORD,
            REDIS_CA_FILE=shown[0],
            REDIS_CERTIFICATE=shown[1],
            REDIS_KEY=shown[2],
        )
        wait_until(lambda: is_up(gateway), "Redis's answer")
        before = replicated.master()
        replicated.kill(before)
        wait_until(lambda: replicated.master() != before and is_up(gateway), "The next master's answer", 30)
