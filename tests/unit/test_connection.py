"""A connection sends what it has at once, and counts what it is used for."""

from __future__ import annotations

import runpy
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import paramiko
import pytest

from deploys.engine.connection import Connection, connection


class Server(paramiko.ServerInterface):
    """Lets anybody in."""

    def check_auth_none(self, username: str) -> int:
        return paramiko.AUTH_SUCCESSFUL  # type: ignore[attr-defined,no-any-return]

    def get_allowed_auths(self, username: str) -> str:
        return "none"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED  # type: ignore[attr-defined,no-any-return]


class Wrapped:
    """Something that sends and receives, and is no socket."""

    def __init__(self, inside: socket.socket) -> None:
        self.send, self.recv = inside.send, inside.recv
        self.settimeout, self.close = inside.settimeout, inside.close


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Where an SSH server listens for one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(paramiko.ECDSAKey.generate())
        transport.start_server(server=Server())

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield listener.getsockname()


def test_it_sends_at_once_and_counts(address: tuple[str, int]) -> None:
    make = runpy.run_path("group_data/all.py")["ssh_paramiko_connect_kwargs"]["transport_factory"]
    with socket.create_connection(address) as sock, closing(make(sock)) as connection:
        assert isinstance(connection, Connection)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.start_client(timeout=10)
        connection.auth_none("anybody")
        assert connection.executions == 0
        before = connection.packetizer.carried
        connection.open_session()
        assert connection.executions == 1
        assert connection.packetizer.carried > before > 1000


def test_it_takes_what_is_no_socket() -> None:
    """As a jump host gives it: a channel of another connection."""
    one, other = socket.socketpair()
    with one, other, closing(connection(Wrapped(one))) as made:
        assert made.executions == 0
