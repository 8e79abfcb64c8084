"""Who has an address: everybody on the lab's bridge is asked, and all who say that it is theirs are noted."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from deploys.settings import lab
from tests.beside import beside

EVERY = 0.05
"""Seconds between two questions."""
ANSWERED = 0.5
"""Seconds within which a question is answered, also on a machine that is busy."""
ARP, REQUEST, REPLY = 0x0806, 1, 2
FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")
"""An Ethernet frame with an ARP packet (RFC 826)."""
BROADCAST = b"\xff" * 6


@dataclass
class Owners:
    """What was asked and answered, in seconds of the monotonic clock."""

    asked: list[float] = field(default_factory=list)
    answers: list[tuple[float, str]] = field(default_factory=list)
    """When somebody said that the address is its own, and its hardware address."""

    def since(self, begin: float) -> set[str]:
        """Who said so from a moment on."""
        return {who for at, who in self.answers if at >= begin}

    def unanswered(self, begin: float, end: float) -> list[float]:
        """The questions from a moment on, up to another, that nobody answered."""
        times = [at for at, _ in self.answers]
        return [
            one for one in self.asked if begin <= one <= end and not any(one <= at <= one + ANSWERED for at in times)
        ]


@contextmanager
def watched(address: str, bridge: str = lab.BRIDGE, source: str = lab.GATEWAY) -> Iterator[Owners]:
    """
    Ask who has an address while the block runs.

    Args:
        address: the IPv4 address
        bridge: the interface of this machine on which is asked
        source: this machine's address there
    """
    found, ended = Owners(), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as wire:
        wire.bind((bridge, ARP))
        with beside(lambda: _ask(wire, found, ended, IPv4Address(address), bridge, source), ended):
            yield found


def _ask(
    wire: socket.socket, found: Owners, ended: threading.Event, address: IPv4Address, bridge: str, source: str
) -> None:
    hardware = Path(f"/sys/class/net/{bridge}/address")
    due = time.monotonic()
    end: float | None = None
    while end is None or time.monotonic() < end:
        if end is None and ended.is_set():
            end = time.monotonic() + ANSWERED
        if end is None and time.monotonic() >= due:
            # A bridge has that of one of its ports: another one when machines come and go.
            own = bytes.fromhex(hardware.read_text().strip().replace(":", ""))
            wire.send(
                FRAME.pack(
                    BROADCAST,
                    own,
                    ARP,
                    1,
                    0x0800,
                    6,
                    4,
                    REQUEST,
                    own,
                    IPv4Address(source).packed,
                    bytes(6),
                    address.packed,
                )
            )
            found.asked.append(time.monotonic())
            due = max(due + EVERY, time.monotonic())
        if select.select([wire], [], [], max(0.0, min(due - time.monotonic(), EVERY)))[0]:
            frame = FRAME.unpack(wire.recv(2048)[: FRAME.size])
            if frame[7] == REPLY and frame[9] == address.packed:
                found.answers.append((time.monotonic(), frame[8].hex(":")))
