"""Old data of Postgres that was kept when its host became a replica."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api import FactBase

from deploys.facts.postgres.state import CLUSTER, DATA


class KeptData(FactBase[Mapping[str, int | None]]):
    """Directories with old data beside the cluster ``main``, and the bytes that each takes, where they are known."""

    def command(self) -> str:
        # A disk that hangs must not hold the others up.
        return f"""
for kept in {DATA}/*/{CLUSTER}.before*; do
  [ ! -d "$kept" ] ||
    printf '%s\\t%s\\n' "$kept" "$(timeout 5 du --summarize --block-size=1 "$kept" 2>/dev/null | cut -f 1)"
done
true
"""

    @staticmethod
    def default() -> Mapping[str, int | None]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, int | None]:
        rows = [line.split("\t") for line in output]
        return {path: int(size) if size else None for path, size in rows}
