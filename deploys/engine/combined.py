"""Several facts of a host in one execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase

SEPARATOR = "--- tracseq: the next reading ---"


@dataclass(frozen=True)
class Wanted:
    """
    A fact, and what it is asked for.

    + fact: the class of the fact
    + arguments: of its command
    """

    fact: type[FactBase[Any]]
    arguments: Mapping[str, Any]


class Combined(FactBase[list[Any]]):
    """
    What several facts say, in their order, each as it would by itself.

    + wanted: the facts; their commands neither need a program that may be missing nor end with an error
    """

    def command(self, wanted: Sequence[Wanted]) -> str:
        self.wanted = wanted
        # In a subshell: what a command defines, and where it goes, is no other's.
        scripts = (f"(\n{one.fact().command(**one.arguments)}\n)" for one in wanted)
        return f"\nprintf '\\n%s\\n' '{SEPARATOR}'\n".join(scripts) + "\ntrue"

    @staticmethod
    def default() -> list[Any]:
        return []

    def process(self, output: list[str]) -> list[Any]:
        parts: list[list[str]] = [[]]
        for line in output:
            if line != SEPARATOR:
                parts[-1].append(line)
                continue
            # The separator's own line break, where the output before it ended with one.
            if parts[-1] and not parts[-1][-1]:
                parts[-1].pop()
            parts.append([])
        facts = (one.fact() for one in self.wanted)
        return [fact.process(lines) if lines else fact.default() for fact, lines in zip(facts, parts, strict=True)]
