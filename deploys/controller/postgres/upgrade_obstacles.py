"""What is in the way of an upgrade of servers that run: it is said before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploys.controller.words import size
from deploys.facts.postgres.state import DATA, ServerState
from deploys.facts.postgres.upgrade import ASIDE, UpgradeState
from deploys.settings.units import SIZES

ROOM = SIZES["GB"]
"""Bytes that a new cluster takes beside the old one's files, and some WAL."""


def of(
    servers: Mapping[str, ServerState], met: Mapping[str, UpgradeState], primary: str, old: int, new: int
) -> Iterator[str]:
    """
    What is in the way, a sentence each.

    Args:
        servers: what was read of each Postgres host
        met: what an upgrade meets on each of them
        primary: the host whose server takes writes
        old, new: the version of its data, and the one that it is to have
    """
    answer = servers[primary].clusters[old].answer
    assert answer is not None
    for name, server in servers.items():
        state = met[name]
        if new in server.clusters:
            yield f"{name} has data in {DATA}/{new}/main already: move it away, if it is not needed."
        if name != primary and old in server.clusters:
            if not server.clusters[old].replica or name not in answer.followers:
                yield f"{name} has data and does not stream from {primary}: have it follow first."
            elif state.free < met[primary].size + ROOM:
                yield (
                    f"{name} has {size(state.free)} free and needs {size(met[primary].size + ROOM)} for a copy of "
                    f"{primary} beside its old data. Give it room, or take it out of the inventory and empty it: it is "
                    "then copied when it is back."
                )
        if any(path == f"{DATA}/{old}/{ASIDE}{new}" for path in state.aside):
            yield f"{name} has old data in {DATA}/{old}/{ASIDE}{new} from an earlier upgrade: move it away."
    if met[primary].free < ROOM:
        yield f"{primary} has {size(met[primary].free)} free and needs {size(ROOM)}."
    if met[primary].tablespaces:
        yield f"{primary} has tablespaces outside of its data directory: they cannot be copied beside their old ones."
    if met[primary].missing:
        yield (
            f"{primary}'s databases have extensions that Postgres {new} lacks: "
            f"{', '.join(sorted(met[primary].missing))}. Install their packages for {new} on all Postgres hosts."
        )
