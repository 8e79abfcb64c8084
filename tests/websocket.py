"""A WebSocket through the lab's load balancer and a gateway to a service, as a client sees it (RFC 6455)."""

from __future__ import annotations

import base64
import os
import queue
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests import inventory
from tests.client import base, context

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
MASK = bytes(4)
"""A client must mask what it sends; with zeros that changes nothing."""
WITHIN = 60
"""Seconds that anything is waited for."""


class WebSocket:
    """An open WebSocket: pings are answered at once, as who does not answer counts as gone."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._texts: queue.Queue[bytes] = queue.Queue()
        self._code: queue.Queue[int] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self._code.empty()

    def say(self, text: bytes) -> None:
        """Send a short text."""
        self._send(TEXT, text)

    def heard(self) -> bytes:
        """The next text that comes."""
        return self._texts.get(timeout=WITHIN)

    def closed(self) -> int:
        """Wait until it is closed: the status code that the other side gave for it; 0 where it gave none."""
        return self._code.get(timeout=WITHIN)

    def _listen(self) -> None:
        code = 0
        try:
            while True:
                opcode, payload = self._frame()
                if opcode == TEXT:
                    self._texts.put(payload)
                elif opcode == PING:
                    self._send(PONG, payload)
                elif opcode == CLOSE:
                    code = int.from_bytes(payload[:2])
                    break
        except (OSError, EOFError):
            pass
        self._code.put(code)

    def _send(self, opcode: int, payload: bytes) -> None:
        self._connection.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + MASK + payload)

    def _frame(self) -> tuple[int, bytes]:
        head = self._exactly(2)
        return head[0] & 0x0F, self._exactly(head[1] & 0x7F)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self._connection.recv(size - len(found))
            if not piece:
                raise EOFError("the connection ended within a frame")
            found += piece
        return found


@contextmanager
def opened(path: str, headers: Mapping[str, str], of: str = inventory.PATH) -> Iterator[WebSocket]:
    """
    Open one.

    Args:
        path: of the service, as the gateway knows it
        headers: of the request, such as a token
        of: the inventory of the site
    """
    url, site = base(of)
    address = urlsplit(url).hostname or ""
    request = [
        f"GET {path} HTTP/1.1",
        f"Host: {site['Host']}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    plain = socket.create_connection((address, 443), timeout=60)
    with context(of).wrap_socket(plain, server_hostname=address) as connection:
        connection.sendall(("\r\n".join(request) + "\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            assert piece, f"the connection ended within the head: {head!r}"
            head += piece
        assert head.startswith(b"HTTP/1.1 101"), head
        # Not none at all: then Python would wait within OpenSSL, where another thread must not send meanwhile.
        connection.settimeout(3600)
        try:
            yield WebSocket(connection)
        finally:
            # While another thread waits for it, closing alone would leave it open.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
