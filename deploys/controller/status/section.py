"""What a section of the status is made of: what it reads of a host, and what it makes of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploys.engine.combined import Wanted
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or worth to know."""

    host: str
    """Empty where it concerns more than one."""
    what: str
    """A sentence."""
    do: str = ""
    """What to do about it, a sentence."""
    wrong: bool = True
    """Else it is a remark."""


@dataclass(frozen=True)
class Cell:
    """A value of a table."""

    text: str
    wrong: bool = False


NOTHING = Cell("-")


@dataclass(frozen=True)
class Table:
    """What a section shows beside its column of the hosts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Survey:
    """What was read of the hosts of a run."""

    site: Site
    read_at: float
    """Seconds since 1970, by this machine's clock."""
    readings: Mapping[str, Mapping[str, Sequence[Any]]]
    """What each section's facts say, by section and host; in the order of the inventory."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """Why hosts could not be read."""
    left_out: frozenset[str] = frozenset()
    """Hosts that a limit leaves out."""


@dataclass(frozen=True)
class Judged:
    """What a section makes of its readings."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """For programs, by host."""
    findings: Sequence[Finding] = ()
    cells: Mapping[str, Cell] = field(default_factory=dict)
    """Its column of the table of hosts, by host; none: it has no such column."""
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Section:
    """
    A section of the status.

    Args:
        name: what programs know it by, and its column of the table of hosts
        wanted: what it reads of a host; nothing: the section does not concern the host
        judged: what it makes of the readings; it neither asks a host nor prints
    """

    name: str
    wanted: Callable[[Site, SiteHost], Sequence[Wanted]]
    judged: Callable[[Survey], Judged]
