"""Metrics and logs."""

import json
import re
from pathlib import Path
from typing import Any

from conftest import StartGateway, StartUpstream
from support import web
from support.processes import free_port, wait_until
from support.tokens import bearer, make_token
from tracseq_gateway.metrics.routes import ROUTES_PER_SERVICE


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return what the gateway wrote to its standard error."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_metrics_count_what_happened(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, RAG_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    for _ in range(3):
        web.get(f"{gateway.url}/api/samples/1")
    web.post(f"{gateway.url}/api/rag/1")
    web.request("INVENTED", f"{gateway.url}/api/samples/1")
    gateway.send(b"GET /api/samples/1 HTTP/1.1\r\n\r\n")
    reply = web.get(f"{gateway.url}/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    text = reply.text
    assert 'http_requests_total{method="GET",service="sample",status="200"} 3.0' in text
    assert 'http_requests_total{method="POST",service="rag",status="502"} 1.0' in text
    assert "INVENTED" not in text
    for status in (400, 501):
        assert f'http_requests_total{{method="other",service="",status="{status}"}} 1.0' in text
    assert 'http_request_duration_seconds_bucket{le="+Inf",service="sample"} 3.0' in text
    assert 'gateway_upstream_errors_total{cause="connect",service="rag"} 3.0' in text
    assert "gateway_client_connections" in text


def test_metrics_tell_whose_requests_came_and_what_they_asked_for(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, RAG_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    for number in range(3):
        web.get(f"{gateway.url}/api/samples/{number}/results", headers=bearer())
    web.post(f"{gateway.url}/api/sample/Anna@example.org/a/b/c/d?user=anna")
    web.get(f"{gateway.url}/api/rag/invented/by/a/client")
    text = web.get(f"{gateway.url}/metrics").text
    assert 'gateway_tenant_requests_total{service="sample",tenant="lab-7"} 3.0' in text
    assert 'gateway_tenant_requests_total{service="sample",tenant=""} 1.0' in text
    assert 'gateway_route_requests_total{method="GET",route="/api/sample/{}/results",service="sample"} 3.0' in text
    assert 'gateway_route_requests_total{method="POST",route="/api/sample/{}/a/b/c/...",service="sample"} 1.0' in text
    # It was not answered well: whoever invents paths makes no series.
    assert 'gateway_route_requests_total{method="GET",route="other",service="rag"} 1.0' in text
    assert "nna" not in text
    assert "invented" not in text


def test_routes_stay_few(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url)
    words = [f"{one}{two}" for one in "abcdefg" for two in "hijklmnop"]
    for word in words:
        web.get(f"{gateway.url}/api/samples/{word}", headers=bearer(make_token(tenant_id=word)))
    text = web.get(f"{gateway.url}/metrics").text
    assert len(re.findall('gateway_route_requests_total{.*route="/api', text)) == ROUTES_PER_SERVICE
    assert f'route="other",service="sample"}} {float(len(words) - ROUTES_PER_SERVICE)}' in text
    assert len(re.findall("gateway_tenant_requests_total{", text)) == len(words)


def test_metrics_of_several_workers_are_one_sum(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, GATEWAY_WORKERS=2)
    for _ in range(40):
        assert web.get(f"{gateway.url}/api/samples/1").status_code == 200
    counted = 'http_requests_total{method="GET",service="sample",status="200"} 40.0'
    for _ in range(6):
        assert counted in web.get(f"{gateway.url}/metrics").text
    assert gateway.stop() == 0


def test_metrics_can_be_switched_off(start_gateway: StartGateway) -> None:
    assert web.get(f"{start_gateway(ENABLE_METRICS='false').url}/metrics").status_code == 404


def test_logs_are_json_and_hold_no_secrets(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, LOG_MASK_FIELDS="barcode", LOG_LEVEL="DEBUG")
    path = gateway.errors
    token = make_token(sub="anna@example.org")
    web.get(
        f"{gateway.url}/api/samples/1?page=2&access_token={token}&Email=anna%40example.org&barcode=B7&x=anna@example.org",
        headers=bearer(token) | {"X-Request-ID": "request-7"},
    )
    web.get(f"{gateway.url}/api/samples/anna%40example.org")
    wait_until(lambda: path.read_text().count('"access"') == 2, "The access log")
    gateway.stop()
    text = path.read_text()
    for secret in (token, "anna", "secret-password", "B7"):
        assert secret not in text
    access = [line for line in lines_of(path) if line["logger"] == "access"]
    assert access[0]["request_id"] == "request-7"
    assert access[0]["query"].startswith("page=2&access_token=***&Email=***")
    assert access[0]["status"] == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", access[0]["time"])


def test_the_access_log_can_be_switched_off(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, ENABLE_ACCESS_LOG="false")
    path = gateway.errors
    web.get(f"{gateway.url}/api/samples/1")
    gateway.stop()
    assert not [line for line in lines_of(path) if line["logger"] == "access"]


def test_workers_write_whole_lines_to_one_place(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, GATEWAY_WORKERS=2)
    identifiers = [f"request-{number}" for number in range(200)]
    for identifier in identifiers:
        web.get(f"{gateway.url}/api/samples/1", headers={"X-Request-ID": identifier})
    assert gateway.stop() == 0
    access = [line for line in lines_of(gateway.errors) if line["logger"] == "access"]
    assert sorted(line["request_id"] for line in access) == sorted(identifiers)


def test_a_variable_that_was_given_up_is_told_of_and_does_no_harm(start_gateway: StartGateway) -> None:
    gateway = start_gateway(LOG_FILE="/nowhere/gateway.log")
    assert "LOG_FILE is set and no longer read" in gateway.errors.read_text()
