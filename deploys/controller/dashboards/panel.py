"""A panel and a dashboard, as Grafana and the pages of the site both draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WINDOW = "$window"
"""In a query: over how long a rate is taken. Who draws puts in its place what fits the distance between two points."""

Unit = Literal["count", "per second", "per minute", "bytes", "bytes per second", "seconds", "share", "yes or no"]
"""``share``: 1 is all of it. ``yes or no``: 1 or 0."""


@dataclass(frozen=True)
class Query:
    """
    What a panel asks Prometheus.

    Attributes:
        expression: PromQL, with ``$window`` in its rates
        legend: what a series is called; ``{{label}}`` is a label's value
    """

    expression: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """
    One picture.

    Attributes:
        title: what it shows
        unit: of its values
        queries: what it asks
        note: what a bad value means, and what to do about it; a sentence or two
        bad_above, bad_below: the values from which it is drawn as bad
        now: whether it shows the value of now as bars, not its course
        group: whose hosts tell of it; a site without any has no such panel
    """

    title: str
    unit: Unit
    queries: tuple[Query, ...]
    note: str = ""
    bad_above: float | None = None
    bad_below: float | None = None
    now: bool = False
    group: str | None = None


@dataclass(frozen=True)
class Dashboard:
    """
    Panels that are looked at together.

    Attributes:
        name: in addresses and names of files
        title: what people call it
        about: what it answers, a sentence
        panels: in their order
    """

    name: str
    title: str
    about: str
    panels: tuple[Panel, ...]


def one(expression: str, legend: str = "") -> tuple[Query, ...]:
    """A panel's only query."""
    return (Query(expression, legend),)
