"""Spans reach a collector that is not ours; one that is away costs no request anything."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.collector import Collector
from support.processes import free_port, wait_until
from tracseq_gateway.proxy.trace import trace_from

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.stop()


def values(span: Any) -> dict[str, Any]:
    """Return a span's attributes."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def counted(url: str, result: str) -> float:
    """Return how many spans the gateway says had this end."""
    for line in web.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f'gateway_trace_spans_total{{result="{result}"}}'):
            return float(line.split()[1])
    return 0


def test_a_span_says_what_the_access_log_says(
    start_gateway: StartGateway, start_upstream: StartUpstream, collector: Collector
) -> None:
    upstream = start_upstream()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=upstream.url, RAG_SERVICE_URL=f"http://127.0.0.1:{free_port()}", TRACE_ENDPOINT=collector.url
    )
    begun = time.time_ns()
    web.get(f"{gateway.url}/api/samples/anna@example.org", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    web.post(f"{gateway.url}/api/rag/1")
    gateway.stop()
    by_name = {span.name: span for span in collector.spans}
    assert by_name.keys() == {"GET /api/sample", "POST /api/rag"}
    well, failed = by_name["GET /api/sample"], by_name["POST /api/rag"]
    assert (well.trace_id.hex(), well.parent_span_id.hex()) == (TRACE, PARENT)
    assert f"00-{TRACE}-{well.span_id.hex()}-01".encode() in upstream.heads[0], "the service has another parent"
    assert well.kind == well.SPAN_KIND_SERVER
    assert begun <= well.start_time_unix_nano <= well.end_time_unix_nano <= time.time_ns()
    said = values(well)
    assert (said["http.request.method"], said["http.response.status_code"], said["tracseq.service"]) == (
        "GET",
        200,
        "sample",
    )
    assert "anna" not in str(said)
    assert failed.parent_span_id == b""
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert values(failed)["error.type"] == "connect"
    access = [json.loads(line) for line in gateway.errors.read_text().splitlines() if '"access"' in line]
    assert [(one["trace_id"], one["span_id"], one["parent_span_id"]) for one in access] == [
        (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) for span in (well, failed)
    ]


def test_a_trace_that_the_client_does_not_record_is_not_sent(
    start_gateway: StartGateway, start_upstream: StartUpstream, collector: Collector
) -> None:
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, TRACE_ENDPOINT=collector.url, TRACE_SAMPLE_RATIO=0)
    web.get(f"{gateway.url}/api/samples/1")
    web.get(f"{gateway.url}/api/samples/2", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    web.get(f"{gateway.url}/api/samples/3", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    gateway.stop()
    assert [values(span)["url.path"] for span in collector.spans] == ["/api/samples/3"]


def test_of_new_traces_the_share_is_recorded_that_is_asked_for() -> None:
    recorded = sum(trace_from(None, 0.25).sampled for _ in range(4000))
    assert 800 < recorded < 1200


def test_a_collector_that_is_away_gets_them_later_and_what_is_too_much_is_counted(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    port = free_port()
    gateway = start_gateway(
        SAMPLE_SERVICE_URL=start_upstream().url, TRACE_ENDPOINT=f"http://127.0.0.1:{port}/v1/traces", TRACE_QUEUE=10
    )
    for number in range(15):
        assert web.get(f"{gateway.url}/api/samples/{number}").status_code == 200
    assert counted(gateway.url, "dropped") == 5
    assert gateway.errors.read_text().count("Spans do not reach") <= 1
    collector = Collector(port)
    try:
        wait_until(lambda: len(collector.spans) == 10, "The spans")
        wait_until(lambda: counted(gateway.url, "sent") == 10, "The metric")
    finally:
        collector.stop()


@pytest.mark.parametrize(("status", "tried_again"), [(503, True), (429, True), (400, False), (404, False)])
def test_what_may_be_taken_later_is_sent_again_and_nothing_else(
    start_gateway: StartGateway, start_upstream: StartUpstream, collector: Collector, status: int, tried_again: bool
) -> None:
    collector.status = status
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, TRACE_ENDPOINT=collector.url)
    web.get(f"{gateway.url}/api/samples/1")
    wait_until(lambda: collector.asked > int(tried_again), "The requests to the collector")
    collector.status = 200
    if tried_again:
        wait_until(lambda: len(collector.spans) == 1, "The span")
    else:
        wait_until(lambda: counted(gateway.url, "rejected") == 1, "The metric")
    gateway.stop()
    assert len(collector.spans) == int(tried_again)


def test_what_a_collector_refuses_is_counted(
    start_gateway: StartGateway, start_upstream: StartUpstream, collector: Collector
) -> None:
    collector.answer = '{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no room"}}'
    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, TRACE_ENDPOINT=collector.url)
    web.get(f"{gateway.url}/api/samples/1")
    wait_until(lambda: counted(gateway.url, "rejected") == 1, "The metric")
    assert counted(gateway.url, "sent") == 0


def test_a_collector_that_never_answers_holds_up_no_request_and_no_end(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/traces"
        gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream().url, TRACE_ENDPOINT=url)
        for _ in range(200):
            assert web.get(f"{gateway.url}/api/samples/1", timeout=2).status_code == 200
        assert gateway.stop() == 0
