"""
Writes numbers to Redis at a steady rate, and notes each that was acknowledged, and when, a line each.

    python3 redis_writer.py <file> <keys> <rate> <master's name> <sentinel>,<sentinel>,... [<server>]

It knows Redis' protocol and nothing of the site's programs. The password is on standard input. With a server it
writes to that one only; without it to whom most of the Sentinels name, as it should.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

TIMEOUT = 0.5

Address = tuple[str, int]


def address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


class Connection:
    """A connection on which one command is answered after the other."""

    def __init__(self, to: Address, password: str) -> None:
        self._socket = socket.create_connection(to, TIMEOUT)
        self._socket.settimeout(TIMEOUT)
        self._lines = self._socket.makefile("rb")
        self.ask("AUTH", password)

    def ask(self, *words: str) -> list[str]:
        parts = [f"*{len(words)}\r\n", *(f"${len(word.encode())}\r\n{word}\r\n" for word in words)]
        self._socket.sendall("".join(parts).encode())
        return self._answer()

    def _answer(self) -> list[str]:
        line = self._lines.readline().decode().rstrip("\r\n")
        if not line or line[0] == "-":
            raise OSError(line or "the connection has ended")
        if line[0] == "*":
            return [one for _ in range(int(line[1:])) for one in self._answer()]
        if line[0] == "$":
            return [self._lines.read(int(line[1:]) + 2).decode()[:-2]] if line[1:] != "-1" else []
        return [line[1:]]


def master(sentinels: list[Address], name: str, password: str) -> Address:
    """Whom most of the Sentinels name."""
    named: list[Address] = []
    for one in sentinels:
        try:
            host, port = Connection(one, password).ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
        except (OSError, ValueError):
            continue
        named.append((host, int(port)))
        if named.count(named[-1]) * 2 > len(sentinels):
            return named[-1]
    raise OSError("no majority of Sentinels names a master")


def main() -> None:
    path, keys, rate, name, sentinels, *server = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    known = [address(one) for one in sentinels.split(",")]
    connection: Connection | None = None
    number, due = 0, time.monotonic()
    with Path(path).open("w", buffering=1) as file:
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1 / float(rate), time.monotonic())
            number += 1
            try:
                connection = connection or Connection(
                    address(server[0]) if server else master(known, name, password), password
                )
                connection.ask("SET", f"{keys}:{number}", "1", "EX", "3600")
            except OSError as error:
                connection = None
                file.write(f"refused {number} {time.time()} {error}\n")
                time.sleep(0.05)
            else:
                file.write(f"acknowledged {number} {time.time()}\n")


main()
