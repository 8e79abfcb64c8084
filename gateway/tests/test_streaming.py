"""Bodies of any size pass in pieces, in both directions, and nobody is made to hold them."""

import hashlib
import socket
import threading
import time

from websockets.sync.client import connect
from websockets.sync.server import serve

from conftest import StartGateway, StartUpstream
from support import web
from support.processes import wait_until
from support.upstreams import answer, read_head

PIECE = bytes(range(256)) * 256
PIECES = 1600  # 100 MiB
MEMORY_LIMIT = 5 * 1024 * 1024


def resident_memory(process_id: int) -> int:
    """Return the memory of a process in bytes."""
    with open(f"/proc/{process_id}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def expected_digest() -> str:
    digest = hashlib.sha256()
    for _ in range(PIECES):
        digest.update(PIECE)
    return digest.hexdigest()


def test_a_large_upload_and_download_need_no_memory(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    def conversation(connection: socket.socket) -> None:
        while head := read_head(connection):
            if head.startswith(b"GET"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
                for _ in range(PIECES):
                    connection.sendall(PIECE)
                continue
            digest = hashlib.sha256()
            body = head.partition(b"\r\n\r\n")[2]
            left = PIECES * len(PIECE) - len(body)
            digest.update(body)
            while left:
                data = connection.recv(min(left, 262_144))
                assert data
                left -= len(data)
                digest.update(data)
            connection.sendall(answer(body=digest.hexdigest().encode()))

    gateway = start_gateway(SEQUENCING_SERVICE_URL=start_upstream(conversation).url)
    web.post(f"{gateway.url}/api/sequencing/warm", content=PIECE * 0, headers={"Expect": ""})
    before = resident_memory(gateway.process.pid)
    with gateway.connect() as connection:
        connection.sendall(
            b"PUT /api/sequencing/run1 HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n"
            % (PIECES * len(PIECE))
        )
        for _ in range(PIECES):
            connection.sendall(PIECE)
        assert expected_digest().encode() in read_head(connection)
    digest = hashlib.sha256()
    with web.stream("GET", f"{gateway.url}/api/sequencing/run1") as response:
        for piece in response.iter_raw():
            digest.update(piece)
    assert digest.hexdigest() == expected_digest()
    assert resident_memory(gateway.process.pid) - before < MEMORY_LIMIT


def test_a_slow_reader_makes_the_service_wait(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    sent = [0]

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
        for _ in range(PIECES):
            connection.sendall(PIECE)
            sent[0] += len(PIECE)

    gateway = start_gateway(SEQUENCING_SERVICE_URL=start_upstream(conversation).url)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/sequencing/run1 HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
        read_head(connection)
        wait_until(lambda: _stands_still(sent), "The service's waiting")
        assert sent[0] < PIECES * len(PIECE)
        received = 0
        while data := connection.recv(1_048_576):
            received += len(data)
    assert received > PIECES * len(PIECE) - 70_000


def test_a_slow_service_makes_the_client_wait(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    go_on = threading.Event()

    def conversation(connection: socket.socket) -> None:
        data = read_head(connection)
        left = PIECES * len(PIECE) - len(data.partition(b"\r\n\r\n")[2])
        go_on.wait(20)
        while left:
            left -= len(connection.recv(262_144))
        connection.sendall(answer(body=b"all of it"))

    gateway = start_gateway(SEQUENCING_SERVICE_URL=start_upstream(conversation).url)
    sent = [0]
    with gateway.connect() as connection:
        connection.sendall(
            b"PUT /api/sequencing/run1 HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n"
            % (PIECES * len(PIECE))
        )

        def send() -> None:
            for _ in range(PIECES):
                connection.sendall(PIECE)
                sent[0] += len(PIECE)

        sender = threading.Thread(target=send)
        sender.start()
        wait_until(lambda: _stands_still(sent), "The client's waiting")
        assert sent[0] < PIECES * len(PIECE)
        go_on.set()
        sender.join(20)
        assert read_head(connection).endswith(b"all of it")


def _stands_still(counter: list[int]) -> bool:
    before = counter[0]
    time.sleep(0.4)
    return before > 0 and counter[0] == before


def test_events_come_as_they_are_sent(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    go_on = threading.Semaphore(0)

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            event = b"data: %d\n\n" % number
            connection.sendall(b"%x\r\n%b\r\n" % (len(event), event))
            assert go_on.acquire(timeout=10)
        connection.sendall(b"0\r\n\r\n")

    gateway = start_gateway(EVENT_SERVICE_URL=start_upstream(conversation).url)
    events = []
    with web.stream("GET", f"{gateway.url}/api/events/stream") as response:
        for line in response.iter_lines():
            if line:
                # The next event is sent only now: nothing can have been held back.
                events.append(line)
                go_on.release()
    assert events == ["data: 0", "data: 1", "data: 2"]


def test_a_client_that_leaves_ends_the_services_work(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    arrived, cut = threading.Event(), threading.Event()

    def conversation(connection: socket.socket) -> None:
        read_head(connection)
        arrived.set()
        try:
            if not connection.recv(1):
                cut.set()
        except ConnectionResetError:
            cut.set()

    gateway = start_gateway(SAMPLE_SERVICE_URL=start_upstream(conversation).url)
    with gateway.connect() as connection:
        connection.sendall(b"GET /api/samples/1 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert arrived.wait(5)
    assert cut.wait(5)


def test_websockets_pass_both_ways_and_end_on_both_sides(start_gateway: StartGateway) -> None:
    ended = threading.Event()

    def echo(websocket) -> None:  # type: ignore[no-untyped-def]
        assert websocket.request.headers["X-Forwarded-Prefix"] == "/api/events"
        for message in websocket:
            websocket.send(message)
        ended.set()

    with serve(echo, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gateway = start_gateway(EVENT_SERVICE_URL=f"http://127.0.0.1:{server.socket.getsockname()[1]}")
        address = f"ws://127.0.0.1:{gateway.port}/api/events/live"
        with connect(address) as websocket:
            websocket.send("hello")
            assert websocket.recv(timeout=5) == "hello"
            large = b"x" * 900_000
            websocket.send(large)
            assert websocket.recv(timeout=5) == large
        assert ended.wait(5)
        server.shutdown()


def test_a_refused_upgrade_leaves_an_ordinary_connection(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream()
    upstream.reply = answer("403 Forbidden", b"no")
    gateway = start_gateway(EVENT_SERVICE_URL=upstream.url)
    with gateway.connect() as connection:
        for _ in range(2):
            connection.sendall(
                b"GET /api/events/live HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
            )
            assert read_head(connection).startswith(b"HTTP/1.1 403")
    assert b"upgrade: websocket" in upstream.heads[0].lower()
