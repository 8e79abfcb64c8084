"""What a master is left as once it was to hand over, by real servers and Sentinels: it would take writes again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from deploys.facts.redis_member import ENOUGH, MASTER, Member, Ports
from deploys.facts.redis_software import REDIS
from deploys.operations.redis import handed_over

# It needs the programs of redis-server, which this tier does without.
pytestmark = pytest.mark.long

PASSWORD = "of the test"


class Servers:
    """Three servers of which the first is the master, and a Sentinel that decides alone."""

    def __init__(self, directory: Path, priority: int) -> None:
        self.directory = directory
        self.ports = [free() for _ in range(3)]
        self.sentinel = free()
        self.own = Ports(self.ports[0], self.sentinel)
        self.password = directory / "password"
        self.password.write_text(f'requirepass "{PASSWORD}"\n')
        self.processes = [
            self._begun(
                port, "min-replicas-to-write 1", f'masterauth "{PASSWORD}"',
                f"replica-priority {priority}", "repl-diskless-sync-delay 0",
                *([f"replicaof 127.0.0.1 {self.ports[0]}"] if port != self.ports[0] else []),
            )
            for port in self.ports
        ]  # fmt: skip
        eventually(lambda: self.ask(self.ports[0], "INFO replication").count("state=online") == 2)
        self.processes.append(
            self._begun(
                self.sentinel,
                f"sentinel monitor {MASTER} 127.0.0.1 {self.ports[0]} 1", f'sentinel auth-pass {MASTER} "{PASSWORD}"',
                # It would ask the master for them after 10 s.
                *(f"sentinel known-replica {MASTER} 127.0.0.1 {port}" for port in self.ports[1:]),
                options=["--sentinel"],
            )
        )  # fmt: skip
        known = f"slave-priority\n{priority}\n"
        eventually(lambda: self.watched().count(known) == 2 and self.watched().count("master-link-status\nok") == 2)

    def ask(self, port: int, *commands: str) -> str:
        """What is answered to commands."""
        return subprocess.run(
            ["redis-cli", "-p", str(port)], input="\n".join(commands), env=os.environ | {"REDISCLI_AUTH": PASSWORD},
            capture_output=True, text=True,
        ).stdout.replace("\r", "")  # fmt: skip

    def watched(self) -> str:
        """What the Sentinel knows of the replicas."""
        return self.ask(self.sentinel, f"SENTINEL REPLICAS {MASTER}")

    def needs(self) -> int:
        """How many replicas the first server must hear to take a write."""
        return int(self.ask(self.ports[0], "CONFIG GET min-replicas-to-write").split()[1])

    def role(self) -> str:
        """What the first server is."""
        return self.ask(self.ports[0], "ROLE").split()[0]

    def shell(self, command: str) -> str:
        """A command of a host, with these servers' password."""
        for path in (REDIS.configuration, REDIS.sentinel_configuration):
            command = command.replace(path, str(self.password))
        return command

    def handover(self) -> subprocess.Popen[str]:
        """A handover that has begun."""
        script = self.shell(f"set -eu\n{handed_over(self.own, REDIS)}")
        return subprocess.Popen(["sh", "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True)

    def _begun(self, port: int, *lines: str, options: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        path = self.directory / f"{port}.conf"
        path.write_text(
            "\n".join((f"port {port}", "bind 127.0.0.1", f'requirepass "{PASSWORD}"', f"dir {self.directory}", *lines))
            + "\n"
        )
        command = ["redis-server", str(path), "--loglevel", "warning", *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def priority() -> int:
    """Of the replicas; with 0 none is ever promoted."""
    return 100


@pytest.fixture
def servers(tmp_path: Path, priority: int) -> Iterator[Servers]:
    found = Servers(tmp_path, priority)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


def test_a_server_that_has_handed_over_would_take_writes_again(servers: Servers) -> None:
    assert servers.handover().wait(60) == 0
    assert (servers.role(), servers.needs()) == ("slave", ENOUGH)


def ended(handover: subprocess.Popen[str], number: signal.Signals) -> None:
    """A handover that is told to end as the programs of a login are: all of it."""
    os.killpg(handover.pid, number)
    handover.wait(30)


def test_a_handover_that_is_ended_once_a_replica_takes_over_waits_for_that(servers: Servers) -> None:
    handover = servers.handover()
    eventually(lambda: "failover_in_progress" in servers.ask(servers.sentinel, f"SENTINEL MASTER {MASTER}"))
    time.sleep(0.5)  # until the handover has read that it was agreed to
    ended(handover, signal.SIGHUP)
    eventually(lambda: servers.needs() == ENOUGH)
    assert servers.role() == "slave"


@pytest.mark.parametrize("priority", [0])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_handover_that_is_ended_before_anybody_takes_over_leaves_a_master_that_takes_writes(
    number: signal.Signals, servers: Servers
) -> None:
    handover = servers.handover()
    eventually(lambda: servers.needs() != ENOUGH)
    ended(handover, number)
    eventually(lambda: servers.needs() == ENOUGH)
    assert servers.role() == "master"
    assert servers.ask(servers.ports[0], "SET key value") == "OK\n"


def test_what_a_server_needs_is_read(servers: Servers) -> None:
    servers.ask(servers.ports[0], "CONFIG SET min-replicas-to-write 3")
    said = subprocess.run(
        ["sh", "-c", servers.shell(Member().command(servers.own, REDIS))], capture_output=True, text=True
    ).stdout
    assert Member().process(said.splitlines()).needs == 3
