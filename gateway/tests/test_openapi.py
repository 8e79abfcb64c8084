"""The gateway keeps to its own OpenAPI document, asked by schemathesis."""

import subprocess
import sys
from pathlib import Path

from conftest import StartGateway, StartUpstream
from support import web
from support.postgres import PostgresServer
from support.processes import wait_until
from support.redis import RedisServer


def test_schemathesis_finds_nothing(
    start_gateway: StartGateway,
    start_upstream: StartUpstream,
    postgres: PostgresServer,
    redis: RedisServer,
    tmp_path: Path,
) -> None:
    gateway = start_gateway(DATABASE_URL=postgres.url(), REDIS_URL=redis.url, SAMPLE_SERVICE_URL=start_upstream().url)
    wait_until(lambda: web.get(f"{gateway.url}/health/dependencies").status_code == 200, "The checks")
    program = Path(sys.executable).with_name("schemathesis")
    result = subprocess.run(
        [program, "run", f"{gateway.url}/openapi.json", "--seed", "1", "--max-examples", "25", "--checks", "all"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_other_methods_are_refused_and_head_is_known(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    for path in web.get(f"{gateway.url}/openapi.json").json()["paths"]:
        refused = web.request("POST", f"{gateway.url}{path}", json={})
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET, HEAD"
        head = web.head(f"{gateway.url}{path}")
        assert head.content == b""
        assert head.status_code == web.get(f"{gateway.url}{path}").status_code
