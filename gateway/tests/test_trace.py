"""W3C Trace Context: a trace goes through the gateway, which is a span of its own in it."""

import json
import re

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.postgres import PostgresServer
from support.processes import wait_until
from test_audit import migrate
from tracseq_gateway.proxy.trace import trace_from

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
LINE = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\r\n")


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (f"00-{TRACE}-{PARENT}-01", b"01"),
        (f"00-{TRACE}-{PARENT}-00", b"00"),
        (f"00-{TRACE}-{PARENT}-ff", b"01"),
        (f"cc-{TRACE}-{PARENT}-01", b"01"),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-holds", b"01"),
    ],
)
def test_a_trace_is_handed_on_with_a_span_of_our_own(value: str, flags: bytes) -> None:
    trace = trace_from(value.encode())
    match = LINE.fullmatch(trace.line)
    assert match is not None
    assert trace.trace_id == match[1] == TRACE.encode()
    assert trace.parent_id == PARENT.encode()
    assert trace.span_id == match[2]
    assert match[2] != PARENT.encode()
    assert match[3] == flags


@pytest.mark.parametrize(
    "value",
    [None, "", "00-1-2-3", f"00-{TRACE}-{PARENT}-01-x", f"ff-{TRACE}-{PARENT}-01", f"00-{TRACE.upper()}-{PARENT}-01",
     f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"cc-{TRACE}-{PARENT}-01x"],
)  # fmt: skip
def test_what_is_no_trace_begins_a_new_one(value: str | None) -> None:
    trace = trace_from(None if value is None else value.encode())
    match = LINE.fullmatch(trace.line)
    assert match is not None
    assert trace.trace_id == match[1] != TRACE.encode()
    assert trace.parent_id == b""


def test_the_trace_is_in_the_access_log_the_audit_trail_and_problems(
    start_gateway: StartGateway, start_upstream: StartUpstream, postgres: PostgresServer
) -> None:
    url = postgres.make_database("traced")
    assert migrate(url).returncode == 0
    upstream = start_upstream()
    gateway = start_gateway(SAMPLE_SERVICE_URL=upstream.url, DATABASE_URL=url, AUDIT_FLUSH_INTERVAL=0.1)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    assert web.post(f"{gateway.url}/api/samples", headers=headers, json={}).status_code == 200
    for path in ("/api/nowhere", "/nowhere"):
        assert web.get(f"{gateway.url}{path}", headers=headers).json()["trace_id"] == TRACE
    assert TRACE.encode() in upstream.heads[0]
    assert PARENT.encode() not in upstream.heads[0]
    wait_until(lambda: len(postgres.query("SELECT trace_id FROM audit_event", "traced")) == 1, "The entry")
    assert postgres.query("SELECT trace_id FROM audit_event", "traced")[0]["trace_id"] == TRACE
    gateway.stop()
    lines = [json.loads(line) for line in gateway.errors.read_text().splitlines()]
    assert [line["trace_id"] for line in lines if line["logger"] == "access"] == [TRACE, TRACE]
