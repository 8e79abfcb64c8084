"""Rules with one thing of their expression changed, which one of their cases must notice."""

from __future__ import annotations

import re
from collections.abc import Iterator

THRESHOLD = re.compile(r"(?<=[<>] )(?!0\b(?!\.))[\d.]+(?:e\d+)?|(?<=[<>]= )[\d.]+")
"""A number that a rule compares with, but 0: there is no tenfold of it."""
OPERATOR = re.compile(r"\b(?:and|or|unless)\b(?! vector\(0\)\))")
"""What joins a leg to those before it; nothing with ``vector(0)``, which stands for no series at all."""
TEXT = re.compile(r'"[^"]*"')


def alone(text: str, alert: str) -> str:
    """
    A file of one alert's rule.

    Args:
        text: of a file that has it among others
        alert: the alert
    """
    begin = text.index(f"      - alert: {alert}\n")
    end = text.find("      - alert: ", begin + 1)
    return f"groups:\n  - name: {alert}\n    rules:\n{text[begin : end if end > 0 else len(text)]}"


def changed(rule: str) -> Iterator[tuple[str, str]]:
    """
    A rule with one change, each with what was changed: a threshold tenfold, up and down, or a leg taken away.

    Args:
        rule: its file, in which it is alone
    """
    begin, end = rule.index("        expr: "), rule.index("        labels:")
    expression = rule[begin:end]
    for what, other in (*_thresholds(expression), *_legs(expression)):
        yield what, f"{rule[:begin]}{other}{rule[end:]}"


def _thresholds(expression: str) -> Iterator[tuple[str, str]]:
    """Each where it stands: of two equal ones, one alone."""
    for match in THRESHOLD.finditer(expression):
        for factor in (10, 0.1):
            other = f"{expression[: match.start()]}{float(match[0]) * factor:g}{expression[match.end() :]}"
            yield f"{match[0]} x {factor:g}, of {_line(expression, match.start())}", other


def _legs(expression: str) -> Iterator[tuple[str, str]]:
    bare = TEXT.sub(lambda match: '"' * len(match[0]), expression).split("\n        for:")[0].rstrip()
    for match in OPERATOR.finditer(bare):
        begin, end = match.start(), _end(bare, match.end())
        yield f"without {' '.join(expression[begin:end].split())}", expression[:begin] + expression[end:]


def _end(expression: str, begin: int) -> int:
    """Where a leg ends: at the next operator beside it, or with what it is in."""
    depth = 0
    for at in range(begin, len(expression)):
        depth += {"(": 1, ")": -1}.get(expression[at], 0)
        if depth < 0 or (depth == 0 and OPERATOR.match(expression, at)):
            return at
    return len(expression)


def _line(expression: str, at: int) -> str:
    return f"{expression[:at]}…".splitlines()[-1].strip()
