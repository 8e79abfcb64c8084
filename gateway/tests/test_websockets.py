"""WebSockets: alive as long as both ends are, whoever speaks, and closed in good order."""

import contextlib
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from conftest import StartGateway, StartUpstream
from support.gateway import GatewayProcess, read_all
from support.processes import wait_until
from support.upstreams import read_head
from tracseq_gateway.http import websocket

IDLE = 1.0
UPGRADE = (
    b"GET /api/events/live HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Service:
    """A WebSocket server that says hello and then only listens.

    Attributes:
        received: the messages so far.
        codes: the close codes that the server saw.
    """

    def __init__(self) -> None:
        self.received: list[str | bytes] = []
        self.codes: list[int | None] = []
        # No pings of the server's own: they would keep the connection without the gateway.
        self.server: Server = serve(self._listen, "127.0.0.1", 0, ping_interval=None)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _listen(self, websocket: ServerConnection) -> None:
        websocket.send("hello")
        try:
            while True:
                self.received.append(websocket.recv())
        except ConnectionClosed as closed:
            self.codes.append(closed.rcvd.code if closed.rcvd else None)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()


@contextlib.contextmanager
def open_socket(gateway: GatewayProcess) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{gateway.port}/api/events/live", ping_interval=None) as client:
        assert client.recv(timeout=5) == "hello"
        yield client


def test_a_client_that_goes_on_sending_is_not_idle(start_gateway: StartGateway, service: Service) -> None:
    gateway = start_gateway(EVENT_SERVICE_URL=service.url, CLIENT_IDLE_TIMEOUT=IDLE)
    with open_socket(gateway) as client:
        for number in range(15):
            client.send(str(number))
            time.sleep(IDLE / 5)
        wait_until(lambda: len(service.received) == 15, "The messages' arrival", 5)


def test_silent_ends_that_are_there_stay_connected(start_gateway: StartGateway, service: Service) -> None:
    gateway = start_gateway(EVENT_SERVICE_URL=service.url, CLIENT_IDLE_TIMEOUT=IDLE, UPSTREAM_IDLE_TIMEOUT=IDLE)
    with open_socket(gateway) as client:
        # Its own thread answers pings meanwhile.
        time.sleep(IDLE * 3.5)
        client.send("still here")
        wait_until(lambda: service.received == ["still here"], "The message's arrival", 5)


def test_a_client_that_is_gone_is_told_so_and_cut(start_gateway: StartGateway, service: Service) -> None:
    gateway = start_gateway(EVENT_SERVICE_URL=service.url, CLIENT_IDLE_TIMEOUT=IDLE)
    with gateway.connect() as connection:
        connection.sendall(UPGRADE)
        data = read_head(connection).partition(b"\r\n\r\n")[2]
        # It answers no ping.
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1000):
                data += piece
    assert data.startswith(b"\x81\x05hello")
    frames = data.removeprefix(b"\x81\x05hello")
    assert frames == b"\x89\x00" + b"\x88\x02" + struct.pack("!H", 1001)
    wait_until(lambda: service.codes == [1001], "The close frame's arrival", 5)


def test_a_service_that_is_gone_is_found_out(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    received: list[bytes] = []

    def never_answer(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        while piece := connection.recv(1000):
            received.append(piece)

    gateway = start_gateway(EVENT_SERVICE_URL=start_upstream(never_answer).url, UPSTREAM_IDLE_TIMEOUT=IDLE)
    with gateway.connect() as connection:
        connection.sendall(UPGRADE)
        assert read_head(connection).startswith(b"HTTP/1.1 101")
        assert read_all(connection) == b"\x88\x02" + struct.pack("!H", 1001)
    wait_until(lambda: len(b"".join(received)) >= 14, "The frames' arrival", 5)
    frames = b"".join(received)
    assert frames[:2] == b"\x89\x80", "a ping"
    assert frames[6:8] == b"\x88\x82", "and a close, both masked"


def test_the_end_of_the_gateway_is_told_to_both(start_gateway: StartGateway, service: Service) -> None:
    gateway = start_gateway(EVENT_SERVICE_URL=service.url)
    with open_socket(gateway) as client:
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    wait_until(lambda: service.codes == [1001], "The close frame's arrival", 5)
    assert gateway.process.wait(10) == 0


FRAMES = st.lists(
    st.builds(Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))
    | st.builds(
        Frame,
        st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
        st.integers(0, 70_000).map(bytes),
        st.booleans(),
    ),
    max_size=6,
)


@given(FRAMES, st.booleans(), st.lists(st.tuples(st.integers(0, 6), st.integers(-9, 15)), max_size=12))
def test_the_borders_of_frames_are_found_however_they_are_cut(
    frames: list[Frame], masked: bool, near: list[tuple[int, int]]
) -> None:
    """The frames are written by a library; a border is where it would let another frame begin."""
    written = [frame.serialize(mask=masked) for frame in frames]
    ends = [sum(len(one) for one in written[:count]) for count in range(len(written) + 1)]
    stream = b"".join(written)
    cuts = {ends[number % len(ends)] + offset for number, offset in near} | {len(stream)}
    borders = websocket.FrameBorders()
    position = 0
    for cut in sorted(cut for cut in cuts if 0 < cut <= len(stream)):
        borders.follow(stream[position:cut])
        position = cut
        assert borders.at_border == (cut in ends)


def test_frames_of_our_own_are_read_by_a_library() -> None:
    assert websocket.ping(masked=False) == Frame(Opcode.PING, b"").serialize(mask=False)
    frame = websocket.close(1001, b"bye", masked=True)
    key = frame[2:6]
    assert frame[:2] == Frame(Opcode.CLOSE, b"\x03\xe9bye").serialize(mask=True)[:2]
    assert bytes(byte ^ key[index % 4] for index, byte in enumerate(frame[6:])) == b"\x03\xe9bye"
