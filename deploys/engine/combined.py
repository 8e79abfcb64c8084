"""Several facts of a host in one execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase

from deploys.facts.mergeable import Mergeable

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

    Those of a kind that can be merged are: a host starts their programs once.

    + wanted: the facts; their commands neither need a program that may be missing nor end with an error
    """

    def command(self, wanted: Sequence[Wanted]) -> str:
        self.scripts = _scripts(wanted)
        # In a subshell: what a command defines, and where it goes, is no other's.
        texts = (f"(\n{script.text}\n)" for script in self.scripts)
        return f"\nprintf '\\n%s\\n' '{SEPARATOR}'\n".join(texts) + "\ntrue"

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
        values: dict[int, Any] = {}
        for script, lines in zip(self.scripts, parts, strict=True):
            values |= zip(script.asked, script.values(lines), strict=True)
        return [values[place] for place in sorted(values)]


@dataclass(frozen=True)
class _Script:
    """
    What one script reads: a fact, or several of a kind that can be merged.

    + fact: the fact
    + asked: the arguments of each, by its place among all that are wanted
    """

    fact: FactBase[Any]
    asked: dict[int, Mapping[str, Any]]

    @property
    def text(self) -> str:
        """The shell that prints what they say."""
        if isinstance(self.fact, Mergeable):
            return self.fact.merged(self._each(self.fact))
        [arguments] = self.asked.values()
        return str(self.fact.command(**arguments))

    def values(self, lines: list[str]) -> list[Any]:
        """What each of them says, of the lines that the script printed."""
        if isinstance(self.fact, Mergeable):
            return self.fact.parted(self._each(self.fact), lines)
        return [self.fact.process(lines) if lines else self.fact.default()]

    def _each(self, fact: Mergeable[Any, Any]) -> list[Any]:
        """What each of them is asked for, as their kind has it."""
        return [fact.asked(**arguments) for arguments in self.asked.values()]


def _scripts(wanted: Sequence[Wanted]) -> list[_Script]:
    """The scripts that read all that is wanted."""
    scripts: dict[object, _Script] = {}
    for place, one in enumerate(wanted):
        kind = one.fact if issubclass(one.fact, Mergeable) else place
        scripts.setdefault(kind, _Script(one.fact(), {})).asked[place] = one.arguments
    return list(scripts.values())
