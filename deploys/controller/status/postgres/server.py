"""What is wrong with a Postgres server by itself, whatever its part: its settings, slots, connections, archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deploys.controller import patroni, words
from deploys.facts.postgres.state import Answer, slot_name
from deploys.facts.postgres.status import HeldSlot, Numbers

NEARLY = 0.8
"""The part of a limit from which on it is nearly reached."""

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def problems(answer: Answer, numbers: Numbers, out: Collection[str] = ()) -> Iterator[Problem]:
    """
    What is wrong with a running server.

    Args:
        answer: what it says of itself
        numbers: what it counts
        out: hosts that are out for maintenance, whose slots nobody uses
    """
    away = {made(name) for name in out for made in (slot_name, patroni.slot)}
    for line in answer.refused:
        yield f"A line of pg_hba.conf is not understood: {line}.", "A run of deploys/site.py writes the file anew."
    if crowded(numbers):
        yield (
            f"{numbers.connections} of {numbers.most_connections} connections are taken.",
            "See whose: select usename, client_addr, state, count(*) from pg_stat_activity group by 1, 2, 3; "
            "allow more by postgres_max_connections.",
        )
    confirming = sum(sender.state == "streaming" and sender.sync == "quorum" for sender in numbers.senders.values())
    if not answer.recovery and confirming < numbers.synchronous:
        yield (
            f"Every write waits: postgres_synchronous is {numbers.synchronous}, and {confirming} replicas follow.",
            f"Bring one back. To go on without until then: deploys/site.py --data postgres_synchronous={confirming}",
        )
    for name, slot in numbers.slots.items():
        yield from of_slot(name, slot, numbers.slot_limit, unused=answer.recovery or name in away)
    yield from of_archive(numbers)


def crowded(numbers: Numbers) -> bool:
    """Whether there are few connections left."""
    return numbers.connections >= NEARLY * numbers.most_connections


def of_slot(name: str, slot: HeldSlot, limit: int | None, unused: bool = False) -> Iterator[Problem]:
    """
    What is wrong with a slot; the worst only.

    Args:
        name: its name
        slot: its state
        limit: bytes that it may hold back; None where there is no limit
        unused: whether nobody needs to use it: on a replica the backup host moves its own on, and a host may be out
    """
    held = f"{words.size(slot.held or 0)} of WAL" + (f" of at most {words.size(limit)}" if limit else "")
    if slot.wal_status == "lost":
        yield (
            f"The slot {name} is lost: its host was away for too long.",
            "Bring it back, and run deploys/site.py: a replica is copied anew. A backup host wants a full backup then.",
        )
    elif is_near(slot, limit):
        yield (
            f"The slot {name} holds back {held} and is nearly lost.",
            "Bring its replica back at once, or its data must be copied anew.",
        )
    elif not slot.active and not unused:
        yield (
            f"Nobody uses the slot {name}, and it holds back {held}.",
            f"Bring its replica back. Of one that is gone for good: select pg_drop_replication_slot('{name}')",
        )


def is_near(slot: HeldSlot, limit: int | None) -> bool:
    """Whether a slot is about to be lost: most of what it may hold back is held back."""
    if limit is None:
        return False
    return slot.wal_status == "unreserved" or (slot.held or 0) >= NEARLY * limit


def of_archive(numbers: Numbers) -> Iterator[Problem]:
    """What is wrong with the archive of a server: the last that it tried failed."""
    archive = numbers.archive
    if not archive.on or archive.failed_age is None:
        return
    if archive.last_age is None or archive.failed_age < archive.last_age:
        last = "none ever was" if archive.last_age is None else f"the last was {words.time(archive.last_age)} ago"
        yield (
            f"WAL is not archived: {archive.failed} failed {words.time(archive.failed_age)} ago, {last}.",
            "See the server's log in /var/log/postgresql; its disk fills until it can.",
        )
