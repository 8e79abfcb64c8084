"""
A service of the platform whose answers take their time: events that wait for each other, a WebSocket, an upload.

    python3 streams.py 8081

/events sends an event, and the next one only when somebody asked for /heard; /ticks sends one twice a
second, and says when it was the last; /echo is a WebSocket that sends back what it gets (RFC 6455); a
POST to /upload is answered with how many bytes it had. What is below /kept says who may keep it.
"""

import base64
import hashlib
import itertools
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEARD = threading.Event()
KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TICKS = 8
NUMBERS = itertools.count(1)
KEPT = {
    "open": {"Cache-Control": "max-age=600"},
    "language": {"Cache-Control": "max-age=600", "Vary": "Accept-Language"},
    "private": {"Cache-Control": "private, max-age=600"},
    "never": {"Cache-Control": "no-store"},
    "cookie": {"Cache-Control": "max-age=600", "Set-Cookie": "user=7"},
    "accelerated": {"X-Accel-Expires": "600"},
}
"""What answers below /kept say, by the first word of their name."""
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Streams(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/events":
            self.events()
        elif self.path.startswith("/kept/"):
            self.kept()
        elif self.path == "/ticks":
            self.ticks()
        elif self.path == "/echo":
            self.echo()
        else:
            HEARD.set()
            self.send_response(204)
            self.end_headers()

    def do_POST(self) -> None:
        left = length = int(self.headers["Content-Length"])
        while left and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
        if self.path.startswith("/kept/"):
            self.kept()
            return
        body = str(length - left).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def kept(self) -> None:
        body = str(next(NUMBERS)).encode()
        self.send_response(200)
        name = self.path.split("?")[0].rpartition("/")[2]
        for header, value in KEPT.get(name.partition("-")[0], {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ticks(self) -> None:
        self.stream()
        for _ in range(TICKS):
            self.event(b"data: tick\n\n")
            time.sleep(0.5)
        self.event(b"data: last\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def events(self) -> None:
        HEARD.clear()
        self.stream()
        self.event(b"data: first\n\n")
        HEARD.wait(timeout=20)
        self.event(b"data: second\n\n" if HEARD.is_set() else b"data: nobody heard the first\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def echo(self) -> None:
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + KEY).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.wfile.flush()
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                break
            length = head[1] & 0x7F
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.rfile.read(length)))
            opcode = head[0] & 0x0F
            if opcode == CLOSE:
                break
            if opcode == PONG:
                continue
            opcode = 0x80 | (PONG if opcode == PING else TEXT)
            self.wfile.write(bytes([opcode, length]) + data)
            self.wfile.flush()
        self.close_connection = True


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Streams).serve_forever()
