"""What passes over the lab's bridge: where a text is seen that is not encrypted."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from deploys.settings import lab
from tests.beside import beside

ETHER, IPV4, IPV6, TCP = 14, 0x0800, 0x86DD, 6
EVERYTHING = 0x0003
"""All protocols (ETH_P_ALL)."""
SOL_PACKET, MEMBERSHIP, PROMISCUOUS, LARGEST = 263, 1, 1, 1 << 18
"""packet(7): SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC; and more than any segment has."""


@dataclass(frozen=True, order=True)
class Link:
    """A connection's two ends, and the port of the one that listens."""

    client: str
    server: str
    port: int


@dataclass
class Capture:
    """
    All TCP segments between machines of the lab while the block runs.

    Args:
        names: of machines, by address
        marks: texts that are looked for, by what they are called
    """

    names: Mapping[str, str]
    marks: Mapping[str, bytes]
    seen: dict[str, set[Link]] = field(default_factory=dict)
    """The links on which each of them was seen."""
    segments: Counter[Link] = field(default_factory=Counter)
    """How many segments with contents passed over each link."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Capture:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._socket.bind((lab.BRIDGE, EVERYTHING))
        asked = struct.pack("iHH8s", socket.if_nametoindex(lab.BRIDGE), PROMISCUOUS, 0, b"")
        self._socket.setsockopt(SOL_PACKET, MEMBERSHIP, asked)
        self._socket.settimeout(0.2)
        self._beside = beside(self._read, self._ended)
        self._beside.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._beside.__exit__(None, None, None)
        self._socket.close()

    def _read(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                self._look(self._socket.recv(LARGEST))
        # What had come until then; something comes at all times.
        self._socket.setblocking(False)
        end = time.monotonic() + 5
        with suppress(BlockingIOError):
            while time.monotonic() < end:
                self._look(self._socket.recv(LARGEST))

    def _look(self, frame: bytes) -> None:
        found = _segment(frame)
        if found is None:
            return
        source, port, destination, to, contents = found
        if not contents or source not in self.names or destination not in self.names:
            return
        # Whoever listens does so below the ports that the kernel gives to connections (ip_local_port_range of ip(7)).
        ends = (source, destination, to) if to < port else (destination, source, port)
        link = Link(self.names[ends[0]], self.names[ends[1]], ends[2])
        self.segments[link] += 1
        for name, text in self.marks.items():
            if text in contents:
                self.seen.setdefault(name, set()).add(link)


def _segment(frame: bytes) -> tuple[str, int, str, int, bytes] | None:
    """The ends of a TCP segment, and what it carries; None for anything else."""
    kind = int.from_bytes(frame[12:14])
    if kind == IPV4 and frame[ETHER + 9] == TCP:
        source, destination = frame[ETHER + 12 : ETHER + 16], frame[ETHER + 16 : ETHER + 20]
        begin, end = ETHER + (frame[ETHER] & 15) * 4, ETHER + int.from_bytes(frame[ETHER + 2 : ETHER + 4])
    elif kind == IPV6 and frame[ETHER + 6] == TCP:
        source, destination = frame[ETHER + 8 : ETHER + 24], frame[ETHER + 24 : ETHER + 40]
        begin, end = ETHER + 40, ETHER + 40 + int.from_bytes(frame[ETHER + 4 : ETHER + 6])
    else:
        return None
    port, to = struct.unpack("!HH", frame[begin : begin + 4])
    contents = frame[begin + (frame[begin + 12] >> 4) * 4 : end]
    return str(ip_address(source)), port, str(ip_address(destination)), to, contents
