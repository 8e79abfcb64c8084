"""Streams large bodies through a gateway and watches its memory."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.proxies import BARE, STREAM_BYTES, Proxies
from support.gateway import GatewayProcess
from support.upstreams import Upstream, answer, read_head

PIECE = bytes(1_048_576)


def memory_growth(proxies: Proxies) -> Iterator[tuple[str, int, float]]:
    """Give for each direction its name, the growth in bytes, and bytes a second."""
    sink = Upstream(_take_all)
    gateway = proxies.gateway(**BARE, STORAGE_SERVICE_URL=sink.url)
    for name, stream in (("download", _download), ("upload", _upload)):
        stream(gateway, len(PIECE))
        # The peak from here on (proc(5), clear_refs).
        Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5")
        before, began = _peak(gateway), time.monotonic()
        stream(gateway, STREAM_BYTES)
        yield name, _peak(gateway) - before, STREAM_BYTES / (time.monotonic() - began)
    sink.close()


def _peak(gateway: GatewayProcess) -> int:
    for line in Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("The kernel does not tell the peak of memory.")


def _download(gateway: GatewayProcess, size: int) -> None:
    with gateway.connect() as connection:
        connection.sendall(
            b"GET /api/sequencing/large HTTP/1.1\r\nHost: example.org\r\nRange: bytes=0-%d\r\n\r\n" % (size - 1)
        )
        left = size - len(read_head(connection).partition(b"\r\n\r\n")[2])
        buffer = bytearray(len(PIECE))
        while left > 0:
            received = connection.recv_into(buffer)
            if not received:
                raise RuntimeError("The download was cut.")
            left -= received


def _upload(gateway: GatewayProcess, size: int) -> None:
    with gateway.connect() as connection:
        head = b"PUT /api/storage/large HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n" % size

        def send() -> None:
            connection.sendall(head)
            for _ in range(size // len(PIECE)):
                connection.sendall(PIECE)

        sender = threading.Thread(target=send)
        sender.start()
        connection.settimeout(120)
        if not read_head(connection).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("The upload failed.")
        sender.join()


def _take_all(connection: socket.socket) -> None:
    head, _, body = read_head(connection).partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
    buffer = bytearray(len(PIECE))
    while left > 0:
        left -= connection.recv_into(buffer) or left
    # It ends the connection, and says so: a body that is sent on one that has ended is lost.
    connection.sendall(answer("200 OK", b"{}", "Connection: close"))
