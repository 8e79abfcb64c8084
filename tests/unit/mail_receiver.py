"""A mail server on this machine, which speaks as much of SMTP as a client needs that sends a message."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import Message


class Receiver(socketserver.ThreadingTCPServer):
    """What it was sent is in ``mails``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[Message] = []
        self.refuses = False
        """Whether it takes no sender, as one that knows another password."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


class _Conversation(socketserver.StreamRequestHandler):
    server: Receiver

    def handle(self) -> None:
        self.wfile.write(b"220 mail.example.org\r\n")
        for line in iter(self.rfile.readline, b""):
            command = line[:4].upper().strip()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(message_from_bytes(text, policy=policy.default))
            if command == b"QUIT":
                self.wfile.write(b"221 until then\r\n")
                return
            refused = command == b"MAIL" and self.server.refuses
            self.wfile.write(b"535 5.7.8 refused\r\n" if refused else b"250 fine\r\n")


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One that takes mail until the end."""
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
