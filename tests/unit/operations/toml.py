"""What a case expects, written as TOML: shell stays readable, and reads back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def written(name: str, table: Mapping[str, Any]) -> str:
    """
    A table, whose values are strings, numbers, lists of strings, or lists of tables.

    Args:
        name: of the table
        table: its values by key
    """
    return "".join(_table(f"[{name}]", name, table)).rstrip("\n") + "\n"


def _table(header: str, name: str, table: Mapping[str, Any]) -> Iterable[str]:
    yield header + "\n"
    tables = {key: value for key, value in table.items() if _holds_tables(value)}
    for key, value in table.items():
        if key not in tables:
            yield f"{key} = {_value(value)}\n"
    yield "\n"
    for key, value in tables.items():
        for one in value:
            yield from _table(f"[[{name}.{key}]]", f"{name}.{key}", one)


def _holds_tables(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping) for one in value)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + "".join(f"\n    {_value(one)}," for one in value) + "\n]"
    if not isinstance(value, str):
        return json.dumps(value)
    # A literal string takes everything as it is, but for what would end it (TOML 1.0, string).
    literal = all(one.isprintable() or one in "\n\t" for one in value)
    if "\n" in value and literal and "'''" not in value:
        return f"'''\n{value}'''"
    if literal and "'" not in value and "\n" not in value:
        return f"'{value}'"
    # What JSON escapes in a string, TOML does too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
