"""Tokens: who gets through, who does not, and what services are told."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import redis as redis_client
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from conftest import StartGateway, StartUpstream
from support import web
from support.gateway import GatewayProcess
from support.processes import wait_until
from support.redis import RedisServer
from support.tokens import bearer, make_token
from support.upstreams import Upstream


def make_rsa_key() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, public.decode()


def ask(gateway: GatewayProcess, headers: Any = None, method: str = "GET", path: str = "/api/samples/1") -> int:
    return web.request(method, f"{gateway.url}{path}", headers=headers).status_code


@pytest.fixture
def upstream(start_upstream: StartUpstream) -> Upstream:
    return start_upstream()


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_tokens_that_are_not_valid_are_refused(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="", JWT_AUDIENCE="lab", JWT_ISSUER="auth", JWT_LEEWAY=5
    )
    now = int(time.time())
    good = {"aud": "lab", "iss": "auth"}
    claims = {"sub": "user-1", "exp": now + 60, **good}
    refused = {
        "none at all": {},
        "another scheme": {"Authorization": "Basic dXNlcjpwYXNz"},
        "no token": {"Authorization": "Bearer"},
        "nonsense": bearer("abc"),
        "expired": bearer(make_token(exp=now - 6, **good)),
        "issued too long ago": bearer(make_token(iat=now - 9 * 3600, **good)),
        "not yet": bearer(make_token(nbf=now + 30, **good)),
        "without an end": bearer(make_token(exp=None, **good)),
        "without a subject": bearer(make_token(sub=None, **good)),
        "for others": bearer(make_token(aud="shop", iss="auth")),
        "for nobody": bearer(make_token(iss="auth")),
        "by others": bearer(make_token(aud="lab", iss="mallory")),
        "another secret": bearer(make_token("another-secret-that-is-long-enough", **good)),
        "another algorithm": bearer(make_token("x" * 64, algorithm="HS512", **good)),
        "algorithm none": bearer(f"{encode({'alg': 'none', 'typ': 'JWT'})}.{encode(claims)}."),
        "algorithm None": bearer(f"{encode({'alg': 'None', 'typ': 'JWT'})}.{encode(claims)}."),
        "a subject that breaks lines": bearer(make_token(sub="a\r\nX-Roles: admin", **good)),
        "roles that are not texts": bearer(make_token(roles=[1], **good)),
        "too large": bearer(make_token(fill="x" * 9000, **good)),
    }
    statuses = {name: ask(gateway, headers) for name, headers in refused.items()}
    assert set(statuses.values()) == {401}, statuses
    assert not upstream.heads
    assert ask(gateway, bearer(make_token(**good))) == 200
    assert ask(gateway, bearer(make_token(exp=now - 1, aud="lab", iss="auth"))) == 200, "within the leeway"


def test_a_cached_token_is_not_taken_longer_than_it_is_valid(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="", JWT_LEEWAY=0)
    headers = bearer(make_token(exp=int(time.time()) + 2))
    assert ask(gateway, headers) == 200
    wait_until(lambda: ask(gateway, headers) == 401, "The token's end", 5)


def test_services_learn_who_asks_and_spoofed_fields_are_removed(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="GET /api/samples/public")
    spoofed = {"X-User-ID": "root", "x_user_id": "root", "X-Roles": "admin", "X-Tenant_ID": "other"}
    assert ask(gateway, bearer() | spoofed) == 200
    assert ask(gateway, spoofed, path="/api/samples/public") == 200
    assert ask(gateway, spoofed, "POST", "/api/samples/public") == 401
    known, anonymous = (head.decode().lower() for head in upstream.heads)
    assert "x-user-id: user-1\r\n" in known
    assert "x-tenant-id: lab-7\r\n" in known
    assert "x-roles: technician\r\n" in known
    for head in (known, anonymous):
        assert "root" not in head
        assert "admin" not in head
        assert "other" not in head
    assert "x-user-id" not in anonymous


def test_roles_by_route_and_method_hold_for_every_spelling(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        PUBLIC_ROUTES="/api/samples/public/*",
        ACCESS_RULES="DELETE|PUT /api/samples/* admin; * /api/samples/secret/* admin|auditor",
    )
    technician, admin = bearer(), bearer(make_token(roles=["admin"]))
    assert ask(gateway, technician) == 200
    assert ask(gateway, technician, "DELETE") == 403
    assert ask(gateway, admin, "DELETE") == 200
    for path in (
        "/api/samples/secret",
        "/api/sample/secret/1",
        "/api/samples//secret/1",
        "/api/samples/%73ecret/1",
        "/api/samples/secret;x=1/1",
        "/api/samples/;x/secret/1",
    ):
        assert ask(gateway, technician, path=path) == 403, path
        assert ask(gateway, path=path) == 401, path
    assert ask(gateway, bearer(make_token(roles="reader auditor")), path="/api/samples/secret/1") == 200
    assert ask(gateway, path="/api/samples/public/1") == 200
    assert ask(gateway, path="/api/samples/public/%31") == 401


def test_rs256_takes_no_token_signed_with_the_public_key_as_a_secret(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    key, public = make_rsa_key()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="", JWT_ALGORITHM="RS256", JWT_PUBLIC_KEY=public
    )
    assert ask(gateway, bearer(make_token(key, "RS256"))) == 200
    signed = f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{encode({'sub': 'root', 'exp': int(time.time()) + 60})}"
    for secret in (public, public.strip()):
        signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        forged = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert ask(gateway, bearer(forged)) == 401
    assert ask(gateway, bearer(make_token())) == 401
    assert ask(gateway, bearer(make_token(make_rsa_key()[0], "RS256"))) == 401


class KeyServer:
    """An issuer that publishes keys."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                keys = [
                    json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": name, "use": "sig"}
                    for name, key in outer.keys.items()
                ]
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": keys}).encode())

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_keys_are_fetched_and_followed_when_they_change(
    start_gateway: StartGateway, upstream: Upstream, key_server: KeyServer
) -> None:
    first, second = make_rsa_key()[0], make_rsa_key()[0]
    key_server.keys = {"first": first}
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        PUBLIC_ROUTES="",
        JWT_ALGORITHM="RS256",
        JWT_JWKS_URL=f"http://127.0.0.1:{key_server.server.server_port}/keys",
        JWT_JWKS_REFRESH=0.5,
    )
    old = bearer(make_token(first, "RS256", "first"))
    wait_until(lambda: ask(gateway, old) == 200, "The keys' arrival")
    key_server.keys = {"second": second}
    new = bearer(make_token(second, "RS256", "second"))
    wait_until(lambda: ask(gateway, new) == 200, "The new key's arrival")
    assert ask(gateway, old) == 401, "a key that was taken back signs no more, cached or not"
    key_server.server.shutdown()
    key_server.server.server_close()
    time.sleep(1)
    assert ask(gateway, bearer(make_token(second, "RS256", "second", jti="x"))) == 200, "the issuer may be away"


def test_a_revoked_token_is_refused_soon(start_gateway: StartGateway, upstream: Upstream, redis: RedisServer) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, PUBLIC_ROUTES="", REDIS_URL=redis.url, JWT_REVOCATION_CACHE=0.2
    )
    headers = bearer(make_token(jti="token-1"))
    assert ask(gateway, headers) == 200
    with redis_client.Redis.from_url(redis.url) as client:
        client.set("tracseq:revoked:token-1", 1, ex=60)
    wait_until(lambda: ask(gateway, headers) == 401, "The revocation", 5)
    assert ask(gateway, bearer(make_token(jti="token-2"))) == 200


def test_a_revoked_token_passes_in_none_of_many_requests_at_once(
    start_gateway: StartGateway, upstream: Upstream, redis: RedisServer
) -> None:
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url,
        PUBLIC_ROUTES="",
        REDIS_URL=redis.url,
        REDIS_TIMEOUT=10,
        JWT_REVOCATION_CACHE=60,
    )
    headers = bearer(make_token(jti="token-3"))
    with redis_client.Redis.from_url(redis.url) as client:
        client.set("tracseq:revoked:token-3", 1, ex=60)
        client.config_resetstat()
        # Redis answers late, so that all requests come while the first one's answer is awaited.
        client.client_pause(500)
    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(lambda _: ask(gateway, headers), range(20)))
    assert statuses == [401] * 20
    assert not upstream.heads
    with redis_client.Redis.from_url(redis.url) as client:
        assert client.info("commandstats")["cmdstat_exists"]["calls"] == 1, "one question for all"
