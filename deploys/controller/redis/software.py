"""Which of the two servers a site has, and hosts that have data of the other: it is never switched silently."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.facts.redis_software import REDIS, SOFTWARE, Software, other
from deploys.settings.debian import RELEASES
from deploys.settings.declaration import Machine
from deploys.settings.shared import Shared

KEY = "redis_software (in group_data/all.py)"
PAGE = 'docs/operations/redis.md, "Redis or Valkey"'


def of(shared: Shared) -> Software:
    """
    The one that all Redis hosts of a site have.

    Args:
        shared: what all hosts share
    """
    return SOFTWARE[shared.redis_software]


def called(text: str, shared: Shared) -> str:
    """
    A text about the programs of Redis, with the names that they have in a site.

    Args:
        text: it
        shared: what all hosts share
    """
    chosen = of(shared)
    for written, meant in (
        (REDIS.server, chosen.server),
        (REDIS.sentinel, chosen.sentinel),
        (REDIS.client, chosen.client),
        (REDIS.configuration, chosen.configuration),
    ):
        text = text.replace(written, meant)
    return text


def obstacles(shared: Shared, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """
    What about a machine keeps the site's software from it.

    Args:
        shared: what all hosts share
        machine: it
    """
    chosen = of(shared)
    key, release = f'redis_software = "{chosen.name}"', f"{machine.number('version'):.0f}"
    if release in RELEASES and chosen.name not in RELEASES[release].redis_software:
        having = " or ".join(name for name, one in RELEASES.items() if chosen.name in one.redis_software)
        yield (
            key,
            f"Debian {release} has no {chosen.title}",
            (f"Debian {having} (docs/operations/another-debian.md), or another redis_software in group_data/all.py"),
        )
    left = other(chosen)
    if left.data in machine.filled:
        yield key, f"data of {left.title} in {left.data}", f"none there: {_way(left)}"


def refusal(name: str, chosen: Software) -> str:
    """
    Why a host that has data of the other stops a run that leaves it out, too.

    Args:
        name: the host's
        chosen: what the site is to have
    """
    left = other(chosen)
    return (
        f"{name} has data of {left.title} in {left.data}, and {KEY} is {chosen.name!r}: {chosen.title} would begin "
        f"without it, and servers of both cannot follow each other. {_way(left).capitalize()}."
    )


def _way(left: Software) -> str:
    return f'take it over or put it aside ({PAGE}), or give redis_software = "{left.name}" again'
