"""A strict reader of HTTP/1.1 that is not the gateway's: h11, on both of its sides."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import h11

from support.upstreams import answer


@dataclass
class Answer:
    """One final answer as the reader understood it."""

    status: int
    body: bytes


class NotHttp(Exception):
    """The reader refuses the bytes, or there are some after the end."""


class Cut(NotHttp):
    """The bytes end before the message does."""


def read_answers(methods: Sequence[bytes], data: bytes) -> list[Answer]:
    """Read all that came over a connection, for requests of the given methods.

    Raises:
        NotHttp: the bytes are no answers, one is not whole, or there are bytes after the last.
    """
    answers: list[Answer] = []
    while data:
        found, data = read_answer(methods[min(len(answers), len(methods) - 1)], data)
        answers.append(found)
    return answers


def read_answer(method: bytes, data: bytes) -> tuple[Answer, bytes]:
    """Read the first final answer of all that came over a connection; return it and what comes after it.

    Raises:
        NotHttp: the bytes are no answer, or it is not whole.
    """
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1_000_000)
    reader.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    reader.receive_data(b"")
    status, body = 0, b""
    try:
        while True:
            event = reader.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, body), reader.trailing_data[0]
            elif not isinstance(event, h11.InformationalResponse):
                raise Cut("the end comes too early")
    except h11.RemoteProtocolError as error:
        raise (Cut if "peer closed" in str(error) else NotHttp)(str(error)) from error


class ReadingService:
    """A service that reads what the gateway forwards with h11, and answers what a test says.

    Attributes:
        requests: method, target and body of each request that was read.
        refused: what h11 said of what it did not take for a request.
        reply_to: returns the bytes of the answer to a request's target.
        keeps_connections: connections are not closed after an answer.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes, bytes]] = []
        self.refused: list[str] = []
        self.reply_to: Callable[[bytes], bytes] = lambda target: answer()
        self.keeps_connections = True
        self._lock = threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        """Read requests until one is refused or the connection ends."""
        rest = b""
        with contextlib.suppress(OSError):
            while True:
                reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1_000_000)
                if rest:
                    reader.receive_data(rest)
                request = self._read_request(reader, connection)
                if request is None:
                    return
                with self._lock:
                    self.requests.append(request)
                rest = reader.trailing_data[0]
                connection.sendall(self.reply_to(request[1]))
                if not self.keeps_connections:
                    return

    def _read_request(self, reader: h11.Connection, connection: socket.socket) -> tuple[bytes, bytes, bytes] | None:
        method = target = body = b""
        try:
            while True:
                event = reader.next_event()
                if event is h11.NEED_DATA:
                    reader.receive_data(connection.recv(65536))
                elif isinstance(event, h11.Request):
                    method, target = event.method, event.target
                    if reader.they_are_waiting_for_100_continue:
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    return method, target, body
                else:
                    return None
        except h11.RemoteProtocolError as error:
            # A request that is cut because its client was is no request that is wrong.
            if "peer closed" not in str(error) and "incomplete" not in str(error):
                self.refused.append(str(error))
            return None
