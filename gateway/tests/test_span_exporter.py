"""Whatever a receiver of spans answers, the thread that sends them lives, and no batch is tried for ever."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.client import HTTPMessage

import pytest

from support.collector import Collector
from support.processes import free_port, wait_until
from tracseq_gateway.metrics.registry import REGISTRY
from tracseq_gateway.tracing import collector as sending
from tracseq_gateway.tracing import exporter as exporting
from tracseq_gateway.tracing.exporter import SpanExporter
from tracseq_gateway.tracing.span import NANOSECONDS, Span

StartExporter = Callable[..., SpanExporter]


@pytest.fixture
def receiver() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.stop()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[StartExporter]:
    """Start exporters that do not pause for long."""
    monkeypatch.setattr(exporting, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(exporting, "LONGEST_PAUSE_SECONDS", 0.01)
    started: list[SpanExporter] = []

    def begin(url: str, limit: int = 100) -> SpanExporter:
        one = SpanExporter(url, limit)
        one.start()
        started.append(one)
        return one

    yield begin
    for one in started:
        one.stop(10)


@pytest.fixture
def counted() -> Callable[[], Counter[str]]:
    """Tell how many spans had which end since the test began."""

    def now() -> Counter[str]:
        name = "gateway_trace_spans_total"
        return Counter({one: int(REGISTRY.get_sample_value(name, {"result": one}) or 0) for one in exporting.RESULTS})

    before = now()
    return lambda: now() - before


def a_span(number: int = 1, ended_at: int | None = None) -> Span:
    ended_at = time.time_ns() if ended_at is None else ended_at
    return Span(b"%032x" % 1, b"%016x" % number, b"", ended_at, 0.1, b"GET", "/", 200, "", "", "", "", b"")


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("[]", 0),
        ("null", 0),
        ("7", 0),
        ('{"partialSuccess": null}', 0),
        ('{"partialSuccess": []}', 0),
        ('{"partialSuccess": {"rejectedSpans": null}}', 0),
        ('{"partialSuccess": {"rejectedSpans": "many"}}', 0),
        ('{"partialSuccess": {"rejectedSpans": 1e400}}', 0),
        ('{"partialSuccess": {"rejectedSpans": -3}}', 0),
        ('{"partialSuccess": {"rejectedSpans": "1"}}', 1),
        ('{"partialSuccess": {"rejectedSpans": 9}}', 1),
        ("", 0),
        ("accepted", 0),
        (b"\xff\xfe", 0),
        ("[" * 60_000, 0),
        (b"\n\x02\x08\x00", 0),
    ],
)
@pytest.mark.parametrize("status", [200, 202])
def test_what_a_2xx_says_of_them_ends_neither_the_thread_nor_the_batch(
    start: StartExporter,
    receiver: Collector,
    counted: Callable[[], Counter[str]],
    status: int,
    answer: str | bytes,
    refused: int,
) -> None:
    receiver.status, receiver.answer = status, answer
    exporter = start(receiver.url)
    exporter.take(a_span(1))
    wait_until(lambda: counted().total() == 1, "The end of the first span")
    exporter.take(a_span(2))
    wait_until(lambda: counted().total() == 2, "The end of the second span")
    assert counted() == Counter(sent=2 - 2 * refused, rejected=2 * refused)
    assert [int(span.span_id.hex(), 16) for span in receiver.spans] == [1, 2]


@pytest.mark.parametrize("headers", [{"content-length": "900"}, {"transfer-encoding": "chunked", "content-length": ""}])
def test_an_answer_that_is_cut_off_counts_as_well(
    start: StartExporter, receiver: Collector, counted: Callable[[], Counter[str]], headers: dict[str, str]
) -> None:
    receiver.headers = headers
    start(receiver.url).take(a_span())
    wait_until(lambda: counted() == Counter(sent=1), "The metric")


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308, 400, 401, 403, 404, 408, 413, 415, 500, 501, 505])
def test_what_is_never_taken_is_sent_once_and_counted(
    start: StartExporter, receiver: Collector, counted: Callable[[], Counter[str]], status: int
) -> None:
    receiver.status, receiver.headers = status, {"location": "/elsewhere"}
    start(receiver.url).take(a_span())
    wait_until(lambda: counted() == Counter(rejected=1), "The metric")
    assert receiver.asked == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_taken_later_is_tried_ten_times_and_makes_way_for_the_next(
    start: StartExporter, receiver: Collector, counted: Callable[[], Counter[str]], status: int
) -> None:
    receiver.status = status
    exporter = start(receiver.url)
    exporter.take(a_span(1))
    wait_until(lambda: counted() == Counter(dropped=1), "The metric")
    assert receiver.asked == exporting.TRIES
    receiver.status = 200
    exporter.take(a_span(2))
    wait_until(lambda: counted() == Counter(dropped=1, sent=1), "The next span")


def test_nobody_at_the_address_is_tried_ten_times_too(
    start: StartExporter, counted: Callable[[], Counter[str]]
) -> None:
    exporter = start(f"http://127.0.0.1:{free_port()}/v1/traces")
    exporter.take(a_span())
    wait_until(lambda: counted() == Counter(dropped=1), "The metric")


def test_a_fault_of_our_own_costs_a_batch_and_not_the_thread(
    start: StartExporter,
    receiver: Collector,
    counted: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = start(receiver.url)
    with monkeypatch.context() as broken:
        broken.setattr(Span, "as_otlp", lambda _: 1 / 0)
        exporter.take(a_span(1))
        wait_until(lambda: counted() == Counter(dropped=1), "The metric")
    exporter.take(a_span(2))
    wait_until(lambda: counted() == Counter(dropped=1, sent=1), "The next span")


def test_pauses_double_up_to_a_minute_and_are_as_long_as_the_collector_asks() -> None:
    exporter = SpanExporter("http://127.0.0.1:1/v1/traces", 10)
    pauses = [exporter._pause()]
    for _ in range(exporting.TRIES):
        exporter._fail("away", 0)
        pauses.append(exporter._pause())
    assert pauses == [1, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    exporter._fail("busy", 120)
    assert exporter._pause() == 120
    exporter._fail("busy", 1e9)
    assert exporter._pause() == exporting.LONGEST_RETRY_AFTER_SECONDS


def test_retry_after_is_heeded(start: StartExporter, receiver: Collector, counted: Callable[[], Counter[str]]) -> None:
    receiver.status, receiver.headers = 503, {"retry-after": "2"}
    start(receiver.url).take(a_span())
    wait_until(lambda: receiver.asked == 1, "The first try")
    receiver.status = 200
    began = time.monotonic()
    wait_until(lambda: counted() == Counter(sent=1), "The second try")
    assert time.monotonic() - began > 1.5


@pytest.mark.parametrize(("value", "least", "most"), [("7", 7, 7), (" 7 ", 7, 7), ("-7", 0, 0), ("7.5", 0, 0),
    ("soon", 0, 0), ("", 0, 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ("9" * 500, float("inf"), float("inf"))])  # fmt: skip
def test_retry_after_is_a_number_or_a_date(value: str, least: float, most: float) -> None:
    headers = HTTPMessage()
    headers["Retry-After"] = value
    assert least <= sending._retry_after(headers) <= most


def test_retry_after_may_be_a_date_to_come() -> None:
    began = time.time()
    headers = HTTPMessage()
    headers["Retry-After"] = formatdate(began + 900, usegmt=True)
    asked = sending._retry_after(headers)
    # A date has whole seconds.
    assert 899 - (time.time() - began) <= asked <= 900


def test_the_age_of_the_oldest_is_known() -> None:
    exporter = SpanExporter("http://127.0.0.1:1/v1/traces", 10)
    assert exporter.waits == 0
    exporter.take(a_span(1, time.time_ns() - 90 * NANOSECONDS))
    exporter.take(a_span(2))
    assert 90 <= exporter.waits < 120
