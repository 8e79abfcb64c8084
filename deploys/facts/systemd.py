"""What systemd says of several units at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence


def showing(units: Iterable[str], properties: Sequence[str]) -> str:
    """
    Shell that prints properties of units, for ``parse()``; of a unit that is not installed, what that means.

    + units: canonical names of the units, with their suffixes, one or more
    + properties: names of the properties (systemctl(1), show)
    """
    names = " ".join(dict.fromkeys(map(shlex.quote, units)))
    show = f"systemctl show --timestamp=unix --property=Id,Names,{','.join(properties)} --"
    # It goes no further than a name that it refuses.
    each = f'for unit in {names}; do {show} "$unit"; echo; done'
    return f"{{ {show} {names} || {{ echo; {each}; }}; }} 2>/dev/null"


def parse(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """
    The properties of each unit, by each of its names.

    + lines: what the shell of ``showing()`` printed; a line without a property ends a unit
    """
    found: dict[str, dict[str, str]] = {}
    block: dict[str, str] = {}
    for line in (*lines, ""):
        key, separator, value = line.partition("=")
        if separator:
            block[key] = value
        else:
            # Among its names, one with a backslash is quoted.
            names = [block.pop("Id", ""), *block.pop("Names", "").split()]
            found |= dict.fromkeys(filter(None, names), block)
            block = {}
    return found
