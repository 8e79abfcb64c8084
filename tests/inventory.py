"""The inventory that the tests of hosts run against, as pyinfra itself reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deploys.settings import lab

PYINFRA = str(Path(sys.executable).parent / "pyinfra")
PATH = os.environ.get("INVENTORY", "inventories/lab.py")


@dataclass(frozen=True)
class Host:
    """A host of the inventory, with its groups and all its data."""

    name: str
    groups: tuple[str, ...]
    data: dict[str, Any]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self.data[key] for key in ("address", "address6") if self.data.get(key))


@cache
def hosts(path: str = PATH) -> dict[str, Host]:
    """Every host of an inventory, by name, in its order."""
    done = subprocess.run(
        [PYINFRA, path, "debug-inventory", "--json"],
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return {
        entry["name"]: Host(entry["name"], tuple(entry["groups"]), entry["data"]) for entry in json.loads(done.stdout)
    }


def group(name: str, path: str = PATH) -> list[Host]:
    """The hosts of a group; of ``all``, every host."""
    return [host for host in hosts(path).values() if name == "all" or name in host.groups]


def hosts_of(name: str, path: str = PATH) -> list[str]:
    """The hosts of a group, as testinfra names them."""
    config = ssh_config(path)
    return [f"ssh://{host.name}?ssh_config={config}&sudo=true" for host in group(name, path)]


@cache
def ssh_config(path: str = PATH) -> Path:
    """
    An ssh_config(5) of the inventory's hosts, which shares one connection a host.

    testinfra shares a connection only where the configuration says where its socket is.
    """
    directory = Path(".state/ssh")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    blocks = []
    for host in hosts(path).values():
        options = {
            "HostName": host.data.get("ssh_hostname") or host.name,
            "User": host.data.get("ssh_user"),
            "Port": host.data.get("ssh_port"),
            "IdentityFile": host.data.get("ssh_key"),
            "UserKnownHostsFile": host.data.get("ssh_known_hosts_file"),
        }
        lines = [f"  {key} {value}" for key, value in options.items() if value]
        blocks.append("\n".join([f"Host {host.name}", *lines]))
    # A lab has machines outside of its site, too.
    blocks += [
        f"Host {machine.name}\n  HostName {machine.address}\n  User {lab.USER}\n"
        f"  IdentityFile {lab.SSH_KEY}\n  UserKnownHostsFile {lab.KNOWN_HOSTS}"
        for machine in lab.machines(path)
        if machine.name not in hosts(path)
    ]
    blocks.append(
        "Host *\n  BatchMode yes\n  LogLevel ERROR\n  ControlMaster auto\n  ControlPersist 60\n"
        # Relative to nothing: the name of a socket may have 108 characters at most (unix(7)).
        f"  ControlPath /tmp/tracseq-{os.getuid()}-%C\n"
    )
    file = (directory / f"{Path(path).stem}.conf").absolute()
    file.write_text("\n".join(blocks))
    file.chmod(0o600)
    return file
