"""
The SSH connection to a host: without Nagle's delay, kept known to firewalls, and counted.

paramiko leaves ``TCP_NODELAY`` off. Each execution is a few small packets, so each waits for the
host's delayed acknowledgement: 40 ms for nothing. Once paramiko or pyinfra sets it, this file and the
value in group_data/all.py can go, but for the rest of it.

A firewall that forgets a connection while a command works, as a host's own does when its rules are
loaded anew, drops the command's end, and the run would wait for it for ever. What this side says now
and then makes the connection known again.
"""

from __future__ import annotations

import socket
from typing import Any

from paramiko import Channel, Transport
from paramiko.packet import Packetizer
from pyinfra.api.host import Host

KEEPALIVE = 3
"""Seconds without a word after which this side says something; an idle host costs nothing else."""


class CountedPackets(Packetizer):
    """The packets of a connection, and how many bytes they were, both ways."""

    carried = 0

    def write_all(self, out: Any) -> None:
        self.carried += len(out)
        super().write_all(out)

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        found = super().read_all(n, check_rekey)
        self.carried += len(found)
        return found


class Connection(Transport):
    """A connection that does not wait to fill its packets, and knows what it was used for."""

    executions = 0
    packetizer: CountedPackets

    def __init__(self, sock: Any, **options: Any) -> None:
        # Through a jump host or a ProxyCommand there is no socket of ours.
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, packetizer_class=CountedPackets, **options)
        self.set_keepalive(KEEPALIVE)

    def open_session(self, *arguments: Any, **options: Any) -> Channel:
        self.executions += 1
        return super().open_session(*arguments, **options)


def connection(sock: Any, **options: Any) -> Connection:
    """What paramiko is to make a connection with: its ``transport_factory``."""
    return Connection(sock, **options)


def of(host: Host) -> Connection | None:
    """The connection to a host; None where it is not reached over SSH."""
    client = getattr(host.connector, "client", None)
    transport = client.get_transport() if client else None
    return transport if isinstance(transport, Connection) else None
