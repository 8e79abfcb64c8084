"""The least that the same work can take: plain ssh, one login a host, all hosts at once."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict

from deploys.settings import declarations
from tests.bench.measure import site
from tests.bench.recording import FILE
from tests.inventory import hosts

Scripts = dict[str, str]
"""A shell script for each host, by name."""


def reads(inventory: str, *arguments: str) -> Scripts:
    """The very reads of a run that changes nothing, a script a host."""
    FILE.unlink(missing_ok=True)
    site("tests/bench/recorded.py", *arguments, environment={"INVENTORY": inventory})
    names = {host.data["address"]: name for name, host in hosts(inventory).items()}
    lines: dict[str, list[str]] = defaultdict(list)
    for line in FILE.read_text().splitlines():
        address, command = json.loads(line)
        # Without the sudo before it: the floor's one shell is root's already. Nothing to read: its
        # standard input is the script itself.
        words = shlex.split(command)
        lines[names[address]].append(f"sh -c {shlex.quote(words[words.index('-c') + 1])} </dev/null")
    return {name: "\n".join(of_host) + "\n" for name, of_host in lines.items()}


def installs(inventory: str) -> Scripts:
    """The installation of each host's packages, by one apt-get."""
    return {
        name: (
            "DEBIAN_FRONTEND=noninteractive "
            f"apt-get install --yes --no-install-recommends {' '.join(declarations.packages(host.groups))} </dev/null\n"
        )
        for name, host in hosts(inventory).items()
    }
