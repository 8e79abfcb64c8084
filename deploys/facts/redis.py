"""What a host's Redis server says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api import FactBase

from deploys.facts.redis_software import Software


class Information(FactBase[Mapping[str, str]]):
    """
    The fields of Redis' INFO, by name; empty where no server answers.

    + port: that it listens on
    + software: which server it is
    """

    def command(self, port: int, software: Software) -> str:
        # It takes a line's quotes as the server's file does, and what it reads there no process list shows.
        return f"""
{{ sed -n 's/^requirepass /AUTH /p' {software.configuration} 2>/dev/null; echo INFO; }} |
  timeout 5 {software.client} -p {port} 2>/dev/null | tr -d '\\r'
true
"""

    @staticmethod
    def default() -> Mapping[str, str]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, str]:
        pairs = (line.partition(":") for line in output)
        return {key: value for key, separator, value in pairs if separator and key.isidentifier()}
