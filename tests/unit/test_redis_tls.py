"""Real servers and Sentinels with what the templates give them: they follow over TLS, and take up new certificates."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploys.controller.authority import Authority
from deploys.controller.redis.tls import Shown
from deploys.controller.templates import render
from deploys.facts.redis_member import ENOUGH, MASTER
from deploys.facts.redis_software import REDIS
from deploys.operations.redis import certificate_loaded
from tests.unit.test_redis_handover import PASSWORD, eventually, free

# It needs the programs of redis-server, which this tier does without.
pytestmark = pytest.mark.long

HOSTS = ("redis1", "redis2", "redis3")
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class Servers:
    """Three servers, and a Sentinel for each, that only speak TLS with each other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = Authority(str(directory / "authority"), 86400, 3600)
        self.shown = Shown(certificate=f"{directory}/member.crt", key=f"{directory}/member.key",
                           authority=f"{directory}/authority/authority.crt")  # fmt: skip
        self.issued("first")
        self.plain, self.tls = [free() for _ in HOSTS], [free() for _ in HOSTS]
        self.sentinels, self.sentinels_tls = [free() for _ in HOSTS], [free() for _ in HOSTS]
        self.processes = [self._server(place) for place in range(len(HOSTS))]
        eventually(lambda: self.ask(self.plain[0], "INFO", "replication").count("state=online") == 2)
        self.processes += [self._sentinel(place) for place in range(len(HOSTS))]
        eventually(lambda: all("\nnum-other-sentinels\n2\n" in self.watched(port) for port in self.sentinels))
        eventually(lambda: all("\nnum-slaves\n2\n" in self.watched(port) for port in self.sentinels))

    def issued(self, name: str) -> None:
        """Have another certificate in the files."""
        made = self.authority.leaf(name, [*HOSTS, "127.0.0.1"], *BOTH)
        (self.directory / "member.crt").write_text(made.certificate)
        (self.directory / "member.key").write_text(made.key)

    def ask(self, port: int, *words: str) -> str:
        """What is answered without encryption."""
        return self._asked(port, *words)

    def ask_encrypted(self, port: int, *words: str, shows: bool = True) -> str:
        """What is answered over TLS."""
        files = ["--cert", self.shown["certificate"], "--key", self.shown["key"]] if shows else []
        return self._asked(port, "--tls", "--cacert", self.shown["authority"], *files, *words)

    def watched(self, port: int) -> str:
        """What a Sentinel knows of the master."""
        return self.ask(port, "SENTINEL", "MASTER", MASTER)

    def shows(self) -> str:
        """The number of the certificate that the first server shows."""
        ask = f"openssl s_client -connect 127.0.0.1:{self.tls[0]} </dev/null 2>/dev/null | openssl x509 -noout -serial"
        return subprocess.run(["sh", "-c", ask], capture_output=True, text=True).stdout

    def _asked(self, port: int, *words: str) -> str:
        command = ["redis-cli", "-p", str(port), "-a", PASSWORD, "--no-auth-warning", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.replace("\r", "")

    def _server(self, place: int) -> subprocess.Popen[bytes]:
        text = render(
            "redis/redis.conf.j2", software=REDIS, addresses=["127.0.0.1"], port=self.plain[place],
            tls_port=self.tls[place], shown=self.shown, users_file=None, password=PASSWORD, memory=10**8,
            eviction="noeviction", fsync="everysec", replicated="127.0.0.1", enough=ENOUGH,
        )  # fmt: skip
        follows = f"replicaof 127.0.0.1 {self.tls[0]}\n" if place else ""
        return self._begun(
            place, "server", text.replace(f"dir {REDIS.data}", f"dir {self.directory}/{place}") + follows
        )

    def _sentinel(self, place: int) -> subprocess.Popen[bytes]:
        text = render(
            "sentinel/sentinel.conf.j2", software=REDIS, addresses=["127.0.0.1"], port=self.sentinels[place],
            tls_port=self.sentinels_tls[place], shown=self.shown, replicated=True, password=PASSWORD, users_file=None,
            identity=str(place) * 40, address="127.0.0.1", master=MASTER,
            down_after=1000, failover_timeout=5000,
        )  # fmt: skip
        text = text.replace(f"dir {REDIS.state}", f"dir {self.directory}/{place}")
        return self._begun(
            place, "sentinel", f"sentinel monitor {MASTER} 127.0.0.1 {self.tls[0]} 2\n{text}", "--sentinel"
        )

    def _begun(self, place: int, name: str, text: str, *options: str) -> subprocess.Popen[bytes]:
        path = self.directory / str(place) / f"{name}.conf"
        path.parent.mkdir(exist_ok=True)
        kept = [line for line in text.splitlines() if not line.startswith("pidfile ")]
        path.write_text("\n".join(kept).replace("supervised systemd", "supervised no") + "\n")
        return subprocess.Popen(["redis-server", str(path), *options], stdout=subprocess.DEVNULL)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    found = Servers(tmp_path)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


def test_they_follow_and_fail_over_and_take_those_alone_who_show_a_certificate(servers: Servers) -> None:
    for place in range(len(HOSTS)):
        assert servers.ask_encrypted(servers.tls[place], "PING") == "PONG\n"
        assert servers.ask_encrypted(servers.sentinels_tls[place], "PING") == "PONG\n"
        assert "PONG" not in servers.ask_encrypted(servers.tls[place], "PING", shows=False)
        assert "PONG" not in servers.ask(servers.tls[place], "PING")
        assert "PONG" not in servers.ask(servers.sentinels_tls[place], "PING")
    servers.processes[0].kill()
    named = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
    others = [f"127.0.0.1\n{port}\n" for port in servers.tls[1:]]
    eventually(lambda: servers.ask_encrypted(servers.sentinels_tls[1], *named) in others)
    eventually(lambda: "master_link_status:up" in "".join(servers.ask(port, "INFO", "replication")
                                                          for port in servers.plain[1:]))  # fmt: skip


def test_a_new_certificate_is_taken_up_while_replicas_stay_connected(servers: Servers) -> None:
    before = servers.shows()
    servers.issued("second")
    password = servers.directory / "password"
    password.write_text(f'requirepass "{PASSWORD}"\n')
    reload = certificate_loaded(servers.plain[0], REDIS, **servers.shown).replace(REDIS.configuration, str(password))
    done = subprocess.run(["sh", "-euc", reload], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert servers.shows() != before
    assert servers.ask(servers.plain[0], "INFO", "replication").count("state=online") == 2
    refused = subprocess.run(["sh", "-euc", reload.replace("member.key", "nothing")], capture_output=True, text=True)
    assert refused.returncode != 0
