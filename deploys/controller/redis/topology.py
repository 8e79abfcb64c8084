"""Which Redis server is the master: what Sentinels and servers say decides, never the inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.redis import software
from deploys.facts.redis_member import MASTER, MemberState
from deploys.facts.redis_software import Software


@dataclass(frozen=True)
class Topology:
    """The part of each Redis host."""

    master: str
    order: tuple[str, ...]
    """All hosts in the order in which they change."""
    states: Mapping[str, MemberState]
    """What was read of each host."""
    remarks: tuple[str, ...] = ()
    """What the administrator should know."""


class TopologyError(PyinfraError):
    """It cannot be told who is the master, or something would be lost."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The Redis servers need a hand first, and no host was changed: {problem}")


def check_port(states: Mapping[str, MemberState], port: int) -> None:
    """
    See that the servers follow each other at the port of the data: they cannot change it one by one.

    Args:
        states: what was read of each host
        port: that of the data

    Raises:
        TopologyError: where Sentinels have another one on disk.
    """
    others = {name: state.watched_port for name, state in states.items() if state.watched_port not in (None, port)}
    if others:
        listed = ", ".join(f"{name} ({had})" for name, had in others.items())
        raise TopologyError(
            f"they follow each other at another port than {port} ({listed}), as redis_tls_port (in group_data/all.py) "
            "is new or gone. Redis cannot change between TLS and none server by server: docs/operations/redis.md "
            "says how all of them do it at once, or put the data back."
        )


def check_software(states: Mapping[str, MemberState], chosen: Software) -> None:
    """
    See that no host has data of the other software: servers of both do not follow each other.

    Args:
        states: what was read of each host, also of those that a limit leaves out
        chosen: what the data says that all of them have

    Raises:
        TopologyError: where any has.
    """
    for name, state in states.items():
        if state.data_of_other:
            raise TopologyError(software.refusal(name, chosen))


def decide(
    addresses: Mapping[str, str], states: Mapping[str, MemberState], silent: Mapping[str, str], chosen: Software
) -> Topology:
    """
    Give every Redis host its part.

    Args:
        addresses: of all Redis hosts, in the inventory's order
        states: what was read of each host
        silent: hosts that were not reached, and why
        chosen: the software of the site

    Raises:
        TopologyError: where it cannot be told who is the master.
    """
    master = _named(addresses, states, chosen) or _without_sentinels(addresses, states, silent, chosen)
    for name, state in states.items():
        if name != master and state.keys and not state.has_role and state.master:
            raise TopologyError(
                f"{name} is no replica and holds keys of its own, which it would lose as a replica of {master}. Save "
                f"them where they are needed, empty it ({chosen.client} -h {addresses[name]} flushall) and run again."
            )
    replicas = [name for name in addresses if name != master]
    leads = master in states and states[master].replicas > 0
    return Topology(
        master=master,
        # Whoever follows waits for the one that it follows; a master that is followed hands over before it changes.
        order=(*replicas, master) if leads else (master, *replicas),
        states=states,
        remarks=tuple(_remarks(master, states, chosen)),
    )


def _named(addresses: Mapping[str, str], states: Mapping[str, MemberState], chosen: Software) -> str | None:
    """The master that most Sentinels of the site name; None where they do not."""
    named = Counter(state.named for state in states.values() if state.named)
    address, votes = named.most_common(1)[0] if named else (None, 0)
    if votes * 2 <= len(addresses):
        return None
    found = next((name for name, own in addresses.items() if own == address), None)
    if found is None:
        raise TopologyError(
            f"the Sentinels name {address} as the master, which is no host of the inventory's group redis. Have one "
            f"that stays promoted ({chosen.client} -p <redis_sentinel_port> sentinel failover {MASTER}), or name the "
            "host in the group again."
        )
    return found


def _without_sentinels(
    addresses: Mapping[str, str], states: Mapping[str, MemberState], silent: Mapping[str, str], chosen: Software
) -> str:
    """The master where no majority of Sentinels names one: a new site, or one that has just one server until now."""
    had = {name: state for name, state in states.items() if state.has_role or state.keys or state.replicas}
    if silent and (had or len(silent) < len(addresses)):
        listed = ", ".join(f"{name} ({reason})" for name, reason in silent.items())
        if any(state.watched or state.sentinel for state in states.values()):
            raise TopologyError(f"no majority of Sentinels names a master, and hosts were not reached: {listed}.")
        raise TopologyError(
            "of those that answer no Sentinel has run yet, so that any host may have the data that the others are to "
            f"copy, and hosts were not reached: {listed}. Have all of them answer once, and run again."
        )
    masters = [name for name, state in had.items() if state.master or (not state.runs and not state.follows)]
    if len(masters) > 1:
        raise TopologyError(_several(masters, states, chosen))
    if masters:
        return masters[0]
    if had:
        raise TopologyError(
            f"no majority of Sentinels names a master, and no server is one: {_listed(had)}. Start the Sentinels "
            f"(systemctl start {chosen.sentinel}), or the one that was the master last, and run again."
        )
    return next((name for name, state in states.items() if state.data), next(iter(addresses)))


def _several(masters: Sequence[str], states: Mapping[str, MemberState], chosen: Software) -> str:
    keep = max(masters, key=lambda name: (states[name].replicas, int(states[name].server.get("master_repl_offset", 0))))
    others = " and ".join(name for name in masters if name != keep)
    return (
        f"there are {len(masters)} masters, and no majority of Sentinels names one: "
        f"{_listed({name: states[name] for name in masters})}. Keep {keep}, which has the most replicas or the longest "
        f"log, unless you know better: save what only {others} has, stop it there (systemctl disable --now "
        f"{chosen.server}), remove {chosen.own} there so that it joins as new, and run again."
    )


def _listed(states: Mapping[str, MemberState]) -> str:
    return ", ".join(
        f"{name} ({state.server.get('role', 'silent').replace('slave', 'replica')}, {state.replicas} replicas, "
        f"offset {state.server.get('master_repl_offset', '-')})"
        for name, state in states.items()
    )


def _remarks(master: str, states: Mapping[str, MemberState], chosen: Software) -> Sequence[str]:
    found = []
    others = [name for name, state in states.items() if state.master and state.has_role and name != master]
    if others:
        found.append(
            f"The Sentinels name {master}, and {' and '.join(others)} says that it is the master, too: the Sentinels "
            "make it a replica within seconds, and what only it was told is lost."
        )
    versions = {name: version for name, state in states.items() if (version := state.version)}
    if len({version.split(".")[0] for version in versions.values()}) > 1:
        listed = ", ".join(f"{name} has {version}" for name, version in versions.items())
        found.append(
            f"{chosen.title} differs by its version ({listed}): a replica cannot follow a master that is newer. "
            "Use one Debian release on all Redis hosts."
        )
    return found
