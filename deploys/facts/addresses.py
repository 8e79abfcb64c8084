"""The addresses that a host has at this moment."""

from __future__ import annotations

from pyinfra.api import FactBase


class Addresses(FactBase[frozenset[str]]):
    """The IPv4 and IPv6 addresses of a host's interfaces."""

    def command(self) -> str:
        return "ip -o address show scope global | sed -n 's/.* inet6* \\([^ /]*\\).*/\\1/p'"

    @staticmethod
    def default() -> frozenset[str]:
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        return frozenset(output)
