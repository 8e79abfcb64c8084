"""The lab's site with three servers of Redis or Valkey, and who writes to them while something happens to one."""

from __future__ import annotations

import itertools
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploys.facts.redis_software import SOFTWARE, Software
from tests import lab, rate
from tests.client import client
from tests.inventory import Host, group
from tests.scenarios import redis
from tests.tokens import token

MASTER = "tracseq"
PATH = "/api/samples/7"
"""What is asked for through the gateways."""
WRITER, DIRECTORY, UNIT = "gw1", "/run/redis-writer", "tracseq-test-redis-writer"
"""Gateways may reach Redis, and nobody else."""
PROGRAM = Path("tests/scenarios/services/redis_writer.py")
_runs = itertools.count(int(time.time()))


@dataclass(frozen=True)
class Replicated:
    """
    A site with three servers.

    Args:
        inventory: path of its inventory
        chosen: which servers they are; None: as the data says
    """

    inventory: str
    chosen: Software | None = None

    @cached_property
    def _hosts(self) -> list[Host]:
        return group("redis", self.inventory)

    @cached_property
    def software(self) -> Software:
        """Which servers they are."""
        return self.chosen or SOFTWARE[self._hosts[0].data["redis_software"]]

    @cached_property
    def servers(self) -> tuple[str, ...]:
        """The names of their hosts."""
        return tuple(host.name for host in self._hosts)

    @cached_property
    def added(self) -> tuple[str, ...]:
        """Those of them that the lab's own site has not."""
        known = [host.name for host in group("all", lab.INVENTORY)]
        return tuple(name for name in self.servers if name not in known)

    @cached_property
    def addresses(self) -> dict[str, str]:
        return {host.name: host.data["address"] for host in self._hosts}

    @cached_property
    def port(self) -> int:
        return int(self._hosts[0].data["redis_port"])

    @cached_property
    def sentinel_port(self) -> int:
        return int(self._hosts[0].data["redis_sentinel_port"])

    @cached_property
    def password(self) -> str:
        """Theirs, with a line's end; of the first of them, which may be switched off later."""
        file = self.software.configuration
        return self.ssh(self.servers[0], f"sed -n 's/^requirepass \"\\(.*\\)\"$/\\1/p' {file}")

    def ssh(self, name: str, command: str, check: bool = True) -> str:
        return lab.ssh(name, command, check=check, inventory=self.inventory)

    def ask(self, name: str, command: str, port: int | None = None) -> list[str]:
        """
        What a server, or by its port a Sentinel, of a host answers.

        Args:
            name: the host's
            command: what is asked
            port: where; None: the server's
        """
        one = self.software
        said = redis.ask(name, command, self.inventory, port, one.configuration, one.client)
        return said.split("\n")[:-1]

    def replication(self, name: str) -> dict[str, str]:
        """What a server says of its part."""
        return dict(line.rstrip("\r").split(":", 1) for line in self.ask(name, "INFO replication") if ":" in line)

    def master(self) -> str:
        """The host that two Sentinels at least name as the master's."""
        named = []
        for name in self.servers:
            try:
                asked = f"SENTINEL GET-MASTER-ADDR-BY-NAME {MASTER}"
                named.append(self.ask(name, asked, self.sentinel_port)[0])
            except (AssertionError, IndexError, OSError):
                continue  # it is what has happened to it
        (found,) = [name for name, address in self.addresses.items() if named.count(address) >= 2]
        return found

    def whole(self) -> bool:
        """Whether there is one master, and two replicas that follow it."""
        leader = self.master()
        parts = {name: self.replication(name) for name in self.servers}
        follow = all(parts[name].get("master_link_status") == "up" for name in self.servers if name != leader)
        return follow and parts[leader].get("connected_slaves") == "2" and parts[leader]["role"] == "master"

    def answered(self) -> bool:
        """Whether requests come through each gateway."""
        many = 4 * len(group("gateways", self.inventory))
        with client(self.inventory) as user:
            headers = {"Authorization": f"Bearer {token(sub='first', roles=['technician'])}"}
            return all(user.get(PATH, headers=headers).status_code == 200 for _ in range(many))

    def calm(self) -> bool:
        """Whether every Sentinel has a say: one that hung has none for 30 s (TILT)."""
        said = ["\n".join(self.ask(name, "INFO sentinel", self.sentinel_port)) for name in self.servers]
        return all("sentinel_tilt:0" in one for one in said)

    def awaited(self) -> None:
        """Wait for a master and two replicas, and Sentinels that have a say."""
        lab.eventually(self.whole, within=60)
        lab.eventually(self.calm, within=60)

    @contextmanager
    def deployed(self) -> Iterator[None]:
        """The lab's site with these servers; afterwards it is the lab's site again."""
        lab.destroy(*self.added)
        lab.up(*self.added, inventory=self.inventory)
        made = lab.site(inventory=self.inventory)
        assert made.code == 0, made.output
        rate.serve()
        # Gateways that had found the service away give it time.
        lab.eventually(self.answered, within=120, every=1)
        yield
        # A case that failed may have left one switched off. Sentinels that are left would take the server as theirs.
        lab.destroy(*self.added)
        lab.up()
        gone = lab.site()
        assert gone.code == 0, gone.output
        rate.serve_no_more()

    @contextmanager
    def writing(self, every: int = 50, only: str | None = None) -> Iterator[Writes]:
        """
        Write to Redis while the block runs.

        Args:
            every: writes a second
            only: the host of the one server that is written to; None: whoever is the master
        """
        writes = Writes(self, f"tracseq:test:{next(_runs)}", every)
        given = [f"{DIRECTORY}/log", writes.keys, str(every), MASTER]
        given.append(",".join(f"{address}:{self.sentinel_port}" for address in self.addresses.values()))
        given += [f"{self.addresses[only]}:{self.port}"] if only else []
        self.ssh(
            WRITER,
            f"systemctl stop {UNIT} 2>/dev/null; rm -rf {DIRECTORY}; mkdir -p -m 700 {DIRECTORY}\n"
            f"cat > {DIRECTORY}/writer.py <<'PYTHON'\n{PROGRAM.read_text()}PYTHON\n"
            f"cat > {DIRECTORY}/password <<'PASSWORD'\n{self.password}PASSWORD\n"
            f"systemd-run --quiet --collect --unit={UNIT} --property=StandardInput=file:{DIRECTORY}/password "
            f"python3 {DIRECTORY}/writer.py {' '.join(map(shlex.quote, given))}",
        )
        try:
            lab.eventually(lambda: "acknowledged" in self.ssh(WRITER, f"cat {DIRECTORY}/log"))
            yield writes
        finally:
            said = self.ssh(WRITER, f"systemctl stop {UNIT}; cat {DIRECTORY}/log; rm -rf {DIRECTORY}", check=False)
            for line in said.splitlines():
                what, number, at, *why = line.split(" ", 3)
                if what == "acknowledged":
                    writes.acknowledged[int(number)] = float(at)
                else:
                    writes.refused.append(f"{at} {' '.join(why)}")


@dataclass
class Writes:
    """What a writer was told; known once it has ended."""

    site: Replicated
    keys: str
    rate: int
    acknowledged: dict[int, float] = field(default_factory=dict)
    """When each number was acknowledged, in seconds since 1970."""
    refused: list[str] = field(default_factory=list)

    def gap(self) -> float:
        """The longest time between two acknowledgements, in seconds."""
        times = sorted(self.acknowledged.values())
        return max((after - before for before, after in itertools.pairwise(times)), default=float("inf"))

    def lost(self, server: str, software: Software | None = None) -> set[int]:
        """
        The acknowledged numbers that a server does not have.

        Args:
            server: its host
            software: which server it is; None: what it was when they were written
        """
        software = software or self.site.software
        auth = f"sed -n 's/^requirepass \"\\(.*\\)\"$/\\1/p' {software.configuration}"
        scan = f"{software.client} -p {self.site.port} --no-auth-warning --scan --pattern '{self.keys}:*'"
        said = self.site.ssh(server, f"REDISCLI_AUTH=$({auth}) {scan}")
        return set(self.acknowledged) - {int(line.rpartition(":")[2]) for line in said.split()}
