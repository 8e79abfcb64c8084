"""SSH servers of this machine that let in, refuse, or are none, and hosts of pyinfra's at their ports."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
from paramiko import ECDSAKey, Transport
from pyinfra.api import Config, Inventory, State
from pyinfra.api.host import Host

KEY = ECDSAKey.generate()


class Server(paramiko.ServerInterface):
    """Lets those in who have the key."""

    def __init__(self, key: ECDSAKey | None) -> None:
        self.key = key

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = key == self.key
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED  # type: ignore[attr-defined,no-any-return]

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED  # type: ignore[attr-defined,no-any-return]


def lets_in(allowed: ECDSAKey | None) -> Callable[[socket.socket], None]:
    """An SSH server for those who have a key."""

    def serve(sock: socket.socket) -> None:
        transport = Transport(sock)
        transport.add_server_key(KEY)
        transport.start_server(event=threading.Event(), server=Server(allowed))

    return serve


def talks_http(sock: socket.socket) -> None:
    """Another server than one of SSH."""
    with sock:
        sock.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" * 200)


def hangs_up(sock: socket.socket) -> None:
    """An SSH server that ends the connection once it has said what it is."""
    with sock:
        sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        sock.shutdown(socket.SHUT_WR)
        # A close with something unread is a reset to the other side, and no end.
        while sock.recv(1000):
            pass


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port where somebody serves each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    sock = listener.accept()[0]
                except OSError:
                    return
                serve(sock)

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # What waits in accept(2) is not woken by close(2).
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)


def refused_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def ssh_host(directory: Path, port: int, **data: Any) -> Host:
    """A host of pyinfra's at a port of this machine."""
    key = directory / "key"
    KEY.write_private_key_file(str(key))
    data = {
        "ssh_hostname": "127.0.0.1", "ssh_port": port, "ssh_user": "somebody", "ssh_key": str(key),
        "ssh_known_hosts_file": str(directory / "known_hosts"), "ssh_config_file": str(directory / "none"), **data,
    }  # fmt: skip
    inventory = Inventory((["somewhere"], data))  # type: ignore[no-untyped-call]
    State(inventory, Config())  # type: ignore[no-untyped-call]
    [host] = inventory
    return host


def known(directory: Path, port: int, key: ECDSAKey) -> None:
    """Have this machine know another key of a server."""
    (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
