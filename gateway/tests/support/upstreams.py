"""Services of the tests: each connection is served by a function that a test gives."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable

Conversation = Callable[[socket.socket], None]


def read_head(connection: socket.socket) -> bytes:
    """Read up to the end of a head and return it with whatever came after."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    return data


def read_request(connection: socket.socket) -> bytes:
    """Read a request with a Content-Length, or without a body, and return its head."""
    head, _, body = read_head(connection).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    left = int(length[1]) - len(body) if length else 0
    while left > 0:
        left -= len(connection.recv(left)) or left
    return head and head + b"\r\n\r\n"


def answer(status: str = "200 OK", body: bytes = b"{}", *fields: str) -> bytes:
    """Return a whole answer."""
    lines = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


class Upstream:
    """A TCP server on the loopback address; every connection runs the conversation.

    Attributes:
        heads: the heads that ``serve_requests`` has read.
        connections: how many there were, health checks left out.
        health: the status of the answer to health checks.
    """

    def __init__(self, conversation: Conversation | None = None) -> None:
        self._conversation = conversation or self.serve_requests
        self.reply = answer()
        self.heads: list[bytes] = []
        self.connections = 0
        self.health = "200 OK"
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if connection.recv(12, socket.MSG_PEEK) == b"GET /health ":
                read_head(connection)
                connection.sendall(answer(self.health))
            else:
                self.connections += 1
                self._conversation(connection)
        self._open.discard(connection)

    def serve_requests(self, connection: socket.socket) -> None:
        """Answer each request with ``reply``, keeping the connection."""
        while head := read_request(connection):
            self.heads.append(head)
            connection.sendall(self.reply)

    def close(self) -> None:
        """Stop to listen and cut all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
