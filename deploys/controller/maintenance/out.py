"""Which hosts are out for maintenance: the hosts are believed, and more than half of them where one does not say."""

from __future__ import annotations

from collections.abc import Mapping

from deploys.facts.maintenance import Note

Said = Mapping[str, Mapping[str, Note]]
"""By each host that was reached, the notes that it has."""


def decided(said: Said) -> Mapping[str, Note]:
    """
    The hosts that are out.

    The note of a host is written there first and taken away there last, so one that has its own is out, whatever a
    run that was killed has left on others. One that is off, or has a new disk, is out where most others know of it.

    Args:
        said: what the hosts know
    """
    names = dict.fromkeys(name for notes in said.values() for name in notes)
    found: dict[str, Note] = {}
    for name in names:
        others = [notes for host, notes in said.items() if host != name]
        known = [notes[name] for notes in others if name in notes]
        if own := said.get(name, {}).get(name):
            found[name] = own
        elif 2 * len(known) > len(others):
            found[name] = known[0]
    return found
