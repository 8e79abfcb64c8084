"""Header fields on their way through: hop-by-hop, forwarding, tracing, security, other origins."""

import re

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.tokens import bearer
from support.upstreams import Upstream, answer


@pytest.fixture
def upstream(start_upstream: StartUpstream) -> Upstream:
    return start_upstream()


def fields(head: bytes) -> dict[str, str]:
    lines = head.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_hop_by_hop_fields_end_here(start_gateway: StartGateway, upstream: Upstream) -> None:
    upstream.reply = answer(
        "200 OK", b"{}", "Connection: X-Internal, keep-alive", "X-Internal: 1", "Keep-Alive: timeout=5", "Server: x",
        "Proxy-Authenticate: Basic", "X-Kept: 1",
    )  # fmt: skip
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    reply = gateway.send(
        b"GET /api/samples/1?a=1&b=%20 HTTP/1.1\r\nHost: api.example.org\r\nConnection: close, X-Private\r\n"
        b"X-Private: 1\r\nProxy-Authorization: Basic eA==\r\nKeep-Alive: 5\r\nTE: gzip\r\nX-Kept: 1\r\n\r\n"
    )
    sent = fields(upstream.heads[0])
    assert upstream.heads[0].startswith(b"GET /1?a=1&b=%20 HTTP/1.1\r\n")
    assert sent["host"] == upstream.url.removeprefix("http://")
    assert sent["x-kept"] == "1"
    assert not {"connection", "x-private", "proxy-authorization", "keep-alive", "te"} & sent.keys()
    received = fields(reply)
    assert received["x-kept"] == "1"
    assert received["connection"] == "close"
    assert not {"x-internal", "keep-alive", "server", "proxy-authenticate"} & received.keys()


def test_the_way_is_told_and_believed_only_from_load_balancers(start_gateway: StartGateway, upstream: Upstream) -> None:
    claimed = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.example.org",
        "X-Real-IP": "192.0.2.1",
        "Forwarded": "for=192.0.2.1",
    }
    direct = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    behind = start_gateway(SAMPLE_SERVICE_URL=upstream.url, TRUSTED_PROXIES="127.0.0.0/8")
    for gateway in (direct, behind):
        web.get(f"{gateway.url}/api/sample/1", headers=claimed)
    untrusted, trusted = (fields(head) for head in upstream.heads)
    assert untrusted["x-forwarded-for"] == "127.0.0.1"
    assert untrusted["x-forwarded-proto"] == "http"
    assert untrusted["x-forwarded-host"] == direct.url.removeprefix("http://")
    assert trusted["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert trusted["x-forwarded-proto"] == "https"
    assert trusted["x-forwarded-host"] == "api.example.org"
    for sent in (untrusted, trusted):
        assert sent["x-forwarded-prefix"] == "/api/sample"
        assert not {"x-real-ip", "forwarded"} & sent.keys()


def test_requests_can_be_followed(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    given = web.get(f"{gateway.url}/api/samples/1", headers={"X-Request-ID": "abc-1", "traceparent": trace})
    harmful = web.get(f"{gateway.url}/api/samples/1", headers={"X-Request-ID": "a b{}", "traceparent": "00-1-2-3"})
    none = web.get(f"{gateway.url}/api/samples/1")
    assert given.headers["x-request-id"] == "abc-1"
    sent = [fields(head) for head in upstream.heads]
    assert sent[0]["x-request-id"] == "abc-1"
    # Its trace, and a span of the gateway's own.
    assert re.fullmatch(
        r"00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01", sent[0]["traceparent"]
    )
    for reply, one in ((harmful, sent[1]), (none, sent[2])):
        assert re.fullmatch(r"[0-9a-f]{32}", one["x-request-id"])
        assert reply.headers["x-request-id"] == one["x-request-id"]
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", one["traceparent"])


def test_security_fields_are_on_every_answer_and_a_services_own_are_left(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url)
    for path in ("/health", "/api/samples/1", "/api/nowhere", "/nowhere"):
        headers = web.get(f"{gateway.url}{path}").headers
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert headers["permissions-policy"] == "geolocation=(), microphone=(), camera=()"
    upstream.reply = answer("200 OK", b"{}", "X-Frame-Options: SAMEORIGIN")
    headers = web.get(f"{gateway.url}/api/samples/1").headers
    assert headers.get_list("x-frame-options") == ["SAMEORIGIN"]
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_of_other_origins_are_answered_where_configured(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, CORS_ALLOWED_ORIGINS="https://lab.example.org", PUBLIC_ROUTES=""
    )
    ours, others = {"Origin": "https://lab.example.org"}, {"Origin": "https://evil.example.org"}
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    preflight = web.options(f"{gateway.url}/api/samples/1", headers=ours | asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://lab.example.org"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert not upstream.heads
    refused = web.options(f"{gateway.url}/api/samples/1", headers=others | asked)
    assert "access-control-allow-origin" not in refused.headers
    upstream.reply = answer("200 OK", b"{}", "Access-Control-Allow-Origin: *")
    twice = web.get(f"{gateway.url}/api/samples/1", headers=ours | bearer())
    assert twice.headers.get_list("access-control-allow-origin") == ["https://lab.example.org"]
    unauthorised = web.get(f"{gateway.url}/api/samples/1", headers=ours)
    assert unauthorised.status_code == 401
    assert unauthorised.headers["access-control-allow-origin"] == "https://lab.example.org", "the page may see why"
    assert unauthorised.headers["vary"] == "origin"


def test_ipv4_clients_of_a_socket_for_both_families_are_known_as_such(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, GATEWAY_HOST="::", TRUSTED_PROXIES="127.0.0.1")
    web.get(f"{gateway.url}/api/samples/1", headers={"X-Forwarded-For": "192.0.2.1"})
    assert fields(upstream.heads[0])["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
