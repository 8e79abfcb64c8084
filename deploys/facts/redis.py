"""What a host's Redis server says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api import FactBase

CONFIGURATION = "/etc/redis/redis.conf"


class Information(FactBase[Mapping[str, str]]):
    """
    The fields of Redis' INFO, by name; empty where no server answers.

    + port: that it listens on
    """

    def command(self, port: int) -> str:
        # redis-cli takes a line's quotes as redis.conf does, and what it reads there no process list shows.
        return f"""
{{ sed -n 's/^requirepass /AUTH /p' {CONFIGURATION} 2>/dev/null; echo INFO; }} |
  timeout 5 redis-cli -p {port} 2>/dev/null | tr -d '\\r'
true
"""

    @staticmethod
    def default() -> Mapping[str, str]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, str]:
        pairs = (line.partition(":") for line in output)
        return {key: value for key, separator, value in pairs if separator and key.isidentifier()}
