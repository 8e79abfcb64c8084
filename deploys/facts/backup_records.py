"""What a backup host says of what it did last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyinfra.api import FactBase

DIRECTORY = "/var/lib/tracseq-backup/state"


class Records(FactBase[Mapping[str, Mapping[str, Any]]]):
    """The records of a backup host, by name: when each thing was done last, and how it ended."""

    def command(self) -> str:
        return f"""
for file in {DIRECTORY}/*.json; do
  [ ! -f "$file" ] || printf '%s\\t%s\\n' "$(basename "$file" .json)" "$(tr '\\n\\t' '  ' < "$file")"
done
true
"""

    @staticmethod
    def default() -> Mapping[str, Mapping[str, Any]]:
        return {}

    def process(self, output: list[str]) -> Mapping[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for line in output:
            name, separator, text = line.partition("\t")
            if separator:
                try:
                    found[name] = json.loads(text)
                except ValueError:
                    found[name] = {"result": "unreadable", "problems": [f"{DIRECTORY}/{name}.json is no JSON."]}
        return found
