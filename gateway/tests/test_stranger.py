"""httpbin, a service that knows nothing of the gateway, asked through it and directly."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from support import web
from support.gateway import GatewayProcess
from support.processes import accepts, free_port, stop, wait_until

SERVE = """
import sys
from httpbin import app
from werkzeug.serving import WSGIRequestHandler, run_simple
WSGIRequestHandler.protocol_version = "HTTP/1.1"
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True)
"""


@pytest.fixture(scope="module")
def httpbin() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], stderr=subprocess.DEVNULL)
    wait_until(lambda: accepts(port), "httpbin's start")
    yield f"http://127.0.0.1:{port}"
    stop(process)


@pytest.fixture(scope="module")
def gateway_url(httpbin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    gateway = GatewayProcess(tmp_path_factory.mktemp("gateway"), RAG_SERVICE_URL=httpbin).wait()
    yield gateway.url
    gateway.stop()


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/get?a=1&a=2&b=%C3%A4", None),
        ("POST", "/post", b"x" * 300_000),
        ("PUT", "/put", b""),
        ("PATCH", "/patch", b'{"a": 1}'),
        ("DELETE", "/delete", None),
        ("GET", "/gzip", None),
        ("GET", "/deflate", None),
        ("GET", "/bytes/100000?seed=7", None),
        ("GET", "/stream-bytes/100000?seed=7&chunk_size=1000", None),
        ("GET", "/range/5000?chunk_size=100", None),
        ("GET", "/status/418", None),
        ("GET", "/status/204", None),
        ("GET", "/redirect-to?url=https%3A%2F%2Fexample.org%2F", None),
        ("GET", "/cookies/set?one=1&two=2", None),
        ("GET", "/response-headers?X-Twice=1&X-Twice=2", None),
        ("HEAD", "/get", None),
        ("OPTIONS", "/get", None),
        ("GET", "/encoding/utf8", None),
        ("GET", "/etag/one", None),
    ],
)
def test_answers_are_the_same_as_without_the_gateway(
    gateway_url: str, httpbin: str, method: str, path: str, content: bytes | None
) -> None:
    direct = web.request(method, f"{httpbin}{path}", content=content)
    through = web.request(method, f"{gateway_url}/api/rag{path}", content=content)
    assert through.status_code == direct.status_code
    if "/stream" in path or "json" not in direct.headers.get("content-type", ""):
        assert through.content == direct.content
    for name in ("content-type", "content-encoding", "location", "etag", "allow", "x-twice"):
        assert through.headers.get_list(name) == direct.headers.get_list(name)
    assert len(through.headers.get_list("set-cookie")) == len(direct.headers.get_list("set-cookie"))
    if method in ("POST", "PATCH"):
        assert through.json()["data"] == direct.json()["data"]
