"""The Postgres servers and their slots on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from deploys.controller import words
from deploys.controller.status.postgres import server
from deploys.controller.status.postgres.view import View
from deploys.controller.status.section import NOTHING, Cell, Table

SERVERS = ("host", "role", "timeline", "state", "behind", "delay", "connections", "databases", "up since")
SLOTS = ("slot", "on", "used", "state", "holds back", "at most")


def servers(views: Sequence[View], late: Sequence[str]) -> Table:
    """
    A line for each server.

    Args:
        views: the servers
        late: the hosts whose replicas are too far behind
    """
    return Table("Postgres", SERVERS, tuple(_server(view, view.host in late) for view in views))


def _server(view: View, late: bool) -> tuple[Cell, ...]:
    cluster, numbers = view.cluster, view.numbers
    timeline = Cell(str(cluster.known_timeline)) if cluster and cluster.known_timeline else NOTHING
    beginning = (Cell(view.host), Cell(view.role), timeline, Cell(view.state, not view.well))
    if numbers is None:
        return (*beginning, *[NOTHING] * (len(SERVERS) - len(beginning)))
    return (
        *beginning,
        *_behind(view, late),
        Cell(f"{numbers.connections} of {numbers.most_connections}", server.crowded(numbers)),
        Cell(words.size(sum(numbers.databases.values()))),
        Cell(words.moment(numbers.started)),
    )


def _behind(view: View, late: bool) -> tuple[Cell, Cell]:
    if view.behind is None:
        return NOTHING, NOTHING
    seconds = view.behind.seconds
    return Cell(words.size(view.behind.size), late), NOTHING if seconds is None else Cell(words.time(seconds), late)


def slots(views: Sequence[View]) -> Table:
    """
    A line for each slot.

    Args:
        views: the servers that have them
    """
    rows = []
    for view in views:
        numbers = view.numbers
        for name, slot in numbers.slots.items() if numbers else ():
            limit = numbers.slot_limit if numbers else None
            near = server.is_near(slot, limit)
            lost = slot.wal_status == "lost"
            rows.append(
                (
                    Cell(name),
                    Cell(view.host),
                    Cell("yes" if slot.active else "no", not slot.active),
                    Cell(slot.wal_status or "new", lost or slot.wal_status == "unreserved"),
                    NOTHING if slot.held is None else Cell(words.size(slot.held), near),
                    Cell("no limit" if limit is None else words.size(limit)),
                )
            )
    return Table("Replication slots", SLOTS, tuple(rows))
