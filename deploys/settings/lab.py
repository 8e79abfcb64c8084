"""The lab: where it lives on this machine, and what its machines are called and addressed."""

from __future__ import annotations

import os
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyinfra.api.exceptions import PyinfraError

DIRECTORY = Path("/var/lib/tracseq-lab")
CACHE = Path("/var/cache/tracseq-lab")
SSH_KEY = DIRECTORY / "ssh" / "id_ed25519"
KNOWN_HOSTS = DIRECTORY / "ssh" / "known_hosts"
BRIDGE = "tracseq-lab"
NETWORK, NETWORK6 = "10.77.0.0/24", "fd77::/64"
GATEWAY, GATEWAY6 = "10.77.0.1", "fd77::1"
USER = "deploy"

SUITES = {"bookworm": "12", "trixie": "13"}
"""The Debian releases that the lab can run, and their version numbers."""

HostAndData = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Machine:
    """One machine of the lab, as its inventory describes it."""

    name: str
    suite: str
    address: str
    address6: str

    @property
    def directory(self) -> Path:
        """Where its disk, its log and its process id are kept."""
        return machine_directory(self.name)


def machine_directory(name: str) -> Path:
    """Where the disk, the log and the process id of a machine are kept."""
    return DIRECTORY / "machines" / name


def default_suite() -> str:
    """The Debian release of the lab's machines: ``LAB_SUITE``, by default ``bookworm``."""
    chosen = os.environ.get("LAB_SUITE", "bookworm")
    if chosen not in SUITES:
        raise PyinfraError(f"LAB_SUITE={chosen}: the lab knows {' and '.join(SUITES)}.")
    return chosen


def needs_sudo() -> bool:
    """Whether whoever runs this needs sudo to act as root on this machine."""
    return os.geteuid() != 0


def mirror() -> str | None:
    """The Debian mirror to build from: ``LAB_MIRROR``, or else that of this machine's own apt."""
    return os.environ.get("LAB_MIRROR")


def host(name: str, number: int, suite: str | None = None) -> HostAndData:
    """
    A host of a lab inventory.

    Args:
        name: its host name; at most 12 characters, because its interface is named after it
        number: the last part of its addresses, 2 to 254
        suite: its Debian release, by default that of ``LAB_SUITE``
    """
    address = f"10.77.0.{number}"
    return name, {
        "address": address,
        "address6": f"fd77::{number}",
        "ssh_hostname": address,
        "ssh_user": USER,
        "ssh_key": str(SSH_KEY),
        "ssh_known_hosts_file": str(KNOWN_HOSTS),
        "ssh_strict_host_key_checking": "yes",
        "lab_suite": suite or default_suite(),
    }


def machines(inventory: str, only: str | None = None) -> list[Machine]:
    """
    The machines that a lab inventory asks for, those outside of its site included.

    Args:
        inventory: path of an inventory file whose hosts were made by ``host()``
        only: names separated by commas, to leave out all others
    """
    hosts: dict[str, Machine] = {}
    for value in runpy.run_path(inventory).values():
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, tuple) and "lab_suite" in entry[1]:
                name, data = entry
                hosts[name] = Machine(name, data["lab_suite"], data["address"], data["address6"])
    chosen = set(only.split(",")) if only else set(hosts)
    unknown = chosen - set(hosts)
    if unknown:
        raise PyinfraError(f"{inventory} has no machine named {', '.join(sorted(unknown))}.")
    return [machine for name, machine in hosts.items() if name in chosen]
