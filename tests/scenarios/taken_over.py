"""Data of one software taken over by the other, by the steps of docs/operations/redis.md as they stand there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from deploys.facts.redis_software import Software
from tests.scenarios.replicated_redis import Replicated

PAGE = Path("docs/operations/redis.md")
BLOCK = re.compile(r"(?:^ {7}\S.*\n)+", re.MULTILINE)
BEGINS = "old=redis new=valkey"


def steps(old: Software, new: Software) -> tuple[str, str, str]:
    """What is run on every host, then on replicas, then on the master."""
    section = PAGE.read_text().partition("**Taking it over.**")[2].partition("**Beginning empty**")[0]
    blocks = [textwrap.dedent(block) for block in BLOCK.findall(section)]
    assert all(block.startswith(BEGINS) for block in blocks)
    every, replica, master = (block.replace(BEGINS, f"old={old.name} new={new.name}") for block in blocks)
    return every, replica, master


def by_hand(site: Replicated, new: Software) -> None:
    """
    Run them, up to the run that makes the site one of the other software.

    Args:
        site: with the software that it has
        new: that it is to have
    """
    every, replica, last = steps(site.software, new)
    master = site.master()
    for name in site.servers:
        site.ssh(name, every)
    for name in site.servers:
        if name != master:
            site.ssh(name, replica)
    assert site.ssh(master, last).splitlines()[-1] == "done"
