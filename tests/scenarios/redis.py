"""A Redis server of the lab, asked on its own host: its password stays there."""

from __future__ import annotations

import shlex

from tests import lab
from tests.inventory import hosts

CONFIGURATION, CLIENT = "/etc/redis/redis.conf", "redis-cli"


def ask(
    name: str,
    command: str,
    inventory: str = lab.INVENTORY,
    port: int | None = None,
    configuration: str = CONFIGURATION,
    client: str = CLIENT,
) -> str:
    """
    What a server of a host answers.

    Args:
        name: the host's
        command: what is asked
        inventory: which hosts the lab has
        port: where; None: that of the data
        configuration: the file that has the password
        client: the program that asks
    """
    where = port or hosts(inventory)[name].data["redis_port"]
    asked = f"{{ sed -n 's/^requirepass /AUTH /p' {configuration}; echo {shlex.quote(command)}; }}"
    return lab.ssh(name, f"{asked} | timeout 5 {client} -p {where} | tail -n +2", inventory=inventory)
