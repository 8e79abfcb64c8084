"""The lab's site with three Redis servers, and who writes to them while something happens to one."""

from __future__ import annotations

import itertools
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import lab, rate
from tests.client import client
from tests.inventory import group
from tests.tokens import token

INVENTORY = "inventories/lab_redis.py"
SERVERS = tuple(host.name for host in group("redis", INVENTORY))
ADDED = SERVERS[1:]
ADDRESSES = {host.name: host.data["address"] for host in group("redis", INVENTORY)}
DATA = group("redis", INVENTORY)[0].data
PORT, SENTINEL_PORT, MASTER = DATA["redis_port"], DATA["redis_sentinel_port"], "tracseq"
PATH = "/api/samples/7"
"""What is asked for through the gateways."""
WRITER, DIRECTORY, UNIT = "gw1", "/run/redis-writer", "tracseq-test-redis-writer"
"""Gateways may reach Redis, and nobody else."""
PROGRAM = Path("tests/scenarios/services/redis_writer.py")
_runs = itertools.count(int(time.time()))


def ssh(name: str, command: str, check: bool = True) -> str:
    return lab.ssh(name, command, check=check, inventory=INVENTORY)


def ask(name: str, command: str, port: int = PORT) -> list[str]:
    """What a server, or by its port a Sentinel, of a host answers."""
    asked = f"{{ sed -n 's/^requirepass /AUTH /p' /etc/redis/redis.conf; echo {shlex.quote(command)}; }}"
    return ssh(name, f"{asked} | timeout 5 redis-cli -p {port} | tail -n +2").split("\n")[:-1]


def replication(name: str) -> dict[str, str]:
    """What a server says of its part."""
    return dict(line.rstrip("\r").split(":", 1) for line in ask(name, "INFO replication") if ":" in line)


def master() -> str:
    """The host that two Sentinels at least name as the master's."""
    named = []
    for name in SERVERS:
        try:
            named.append(ask(name, f"SENTINEL GET-MASTER-ADDR-BY-NAME {MASTER}", SENTINEL_PORT)[0])
        except (AssertionError, IndexError, OSError):
            continue  # it is what has happened to it
    (found,) = [name for name, address in ADDRESSES.items() if named.count(address) >= 2]
    return found


def whole() -> bool:
    """Whether there is one master, and two replicas that follow it."""
    leader = master()
    parts = {name: replication(name) for name in SERVERS}
    follow = all(parts[name].get("master_link_status") == "up" for name in SERVERS if name != leader)
    return follow and parts[leader].get("connected_slaves") == "2" and parts[leader]["role"] == "master"


def answered() -> bool:
    """Whether requests come through each gateway."""
    many = 4 * len(group("gateways", INVENTORY))
    with client(INVENTORY) as user:
        headers = {"Authorization": f"Bearer {token(sub='first', roles=['technician'])}"}
        return all(user.get(PATH, headers=headers).status_code == 200 for _ in range(many))


def calm() -> bool:
    """Whether every Sentinel has a say: one that hung has none for 30 s (TILT)."""
    return all("sentinel_tilt:0" in "\n".join(ask(name, "INFO sentinel", SENTINEL_PORT)) for name in SERVERS)


@contextmanager
def three_servers() -> Iterator[None]:
    """The lab's site with two Redis servers more; afterwards it is the lab's site again."""
    lab.destroy(*ADDED)
    lab.up(*ADDED, inventory=INVENTORY)
    made = lab.site(inventory=INVENTORY)
    assert made.code == 0, made.output
    rate.serve()
    # Gateways that had found the service away give it time.
    lab.eventually(answered, within=120, every=1)
    yield
    # A case that failed may have left one switched off. Sentinels that are left would take the server as theirs.
    lab.destroy(*ADDED)
    lab.up()
    gone = lab.site()
    assert gone.code == 0, gone.output
    ssh("outsider1", "systemctl stop nginx; rm -f /etc/nginx/conf.d/service.conf", check=False)


@dataclass
class Writes:
    """What a writer was told; known once it has ended."""

    keys: str
    rate: int
    acknowledged: dict[int, float] = field(default_factory=dict)
    """When each number was acknowledged, in seconds since 1970."""
    refused: list[str] = field(default_factory=list)

    def gap(self) -> float:
        """The longest time between two acknowledgements, in seconds."""
        times = sorted(self.acknowledged.values())
        return max((after - before for before, after in itertools.pairwise(times)), default=float("inf"))

    def lost(self, server: str) -> set[int]:
        """The acknowledged numbers that a server does not have."""
        auth = "sed -n 's/^requirepass \"\\(.*\\)\"$/\\1/p' /etc/redis/redis.conf"
        scan = f"redis-cli -p {PORT} --no-auth-warning --scan --pattern '{self.keys}:*'"
        said = ssh(server, f"REDISCLI_AUTH=$({auth}) {scan}")
        return set(self.acknowledged) - {int(line.rpartition(":")[2]) for line in said.split()}


@contextmanager
def writing(every: int = 50, only: str | None = None) -> Iterator[Writes]:
    """
    Write to Redis while the block runs.

    Args:
        every: writes a second
        only: the host of the one server that is written to; None: whoever is the master
    """
    writes = Writes(f"tracseq:test:{next(_runs)}", every)
    given = [f"{DIRECTORY}/log", writes.keys, str(every), MASTER]
    given.append(",".join(f"{address}:{SENTINEL_PORT}" for address in ADDRESSES.values()))
    given += [f"{ADDRESSES[only]}:{PORT}"] if only else []
    password = ssh(SERVERS[0], "sed -n 's/^requirepass \"\\(.*\\)\"$/\\1/p' /etc/redis/redis.conf")
    ssh(
        WRITER,
        f"systemctl stop {UNIT} 2>/dev/null; rm -rf {DIRECTORY}; mkdir -p -m 700 {DIRECTORY}\n"
        f"cat > {DIRECTORY}/writer.py <<'PYTHON'\n{PROGRAM.read_text()}PYTHON\n"
        f"cat > {DIRECTORY}/password <<'PASSWORD'\n{password}PASSWORD\n"
        f"systemd-run --quiet --collect --unit={UNIT} --property=StandardInput=file:{DIRECTORY}/password "
        f"python3 {DIRECTORY}/writer.py {' '.join(map(shlex.quote, given))}",
    )
    try:
        lab.eventually(lambda: "acknowledged" in ssh(WRITER, f"cat {DIRECTORY}/log"))
        yield writes
    finally:
        said = ssh(WRITER, f"systemctl stop {UNIT}; cat {DIRECTORY}/log; rm -rf {DIRECTORY}", check=False)
        for line in said.splitlines():
            what, number, at, *why = line.split(" ", 3)
            if what == "acknowledged":
                writes.acknowledged[int(number)] = float(at)
            else:
                writes.refused.append(f"{at} {' '.join(why)}")
