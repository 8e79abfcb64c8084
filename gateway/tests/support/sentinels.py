"""Three Redis servers that replicate, and a Sentinel for each, of the test's own."""

import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import redis as redis_client

from support.processes import accepts, find_program, free_port, stop, wait_until

MASTER = "of-the-test"
PASSWORD = "a password of the test"


class ReplicatedRedis:
    """Servers that keep nothing; which of them is the master, the Sentinels decide."""

    def __init__(self, folder: Path, many: int = 3, shown: tuple[Path, Path, Path] | None = None) -> None:
        self._folder = folder
        self._shown = shown
        self.ports = [free_port() for _ in range(many)]
        self.sentinel_ports = [free_port() for _ in range(many)]
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        self._sentinels: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for port in self.ports:
            self._configured(port, "" if port == self.ports[0] else f"replicaof 127.0.0.1 {self.ports[0]}")
            self.start(port)
        for port in self.sentinel_ports:
            lines = [
                *self._listens(port),
                f'requirepass "{PASSWORD}"',
                f'sentinel sentinel-pass "{PASSWORD}"',
                f"sentinel monitor {MASTER} 127.0.0.1 {self.ports[0]} 2",
                f'sentinel auth-pass {MASTER} "{PASSWORD}"',
                f"sentinel down-after-milliseconds {MASTER} 1000",
                f"sentinel failover-timeout {MASTER} 5000",
            ]
            path = self._folder / f"sentinel-{port}.conf"
            path.write_text("\n".join(lines) + "\n")
            self._sentinels[port] = self._begun(path, "--sentinel")
            wait_until(lambda port=port: accepts(port), "A Sentinel's start")
        wait_until(self._complete, "The replicas' and Sentinels' acquaintance", 30)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self._sentinels.values(), *self._servers.values()):
            process.send_signal(signal.SIGCONT)
            stop(process, signal.SIGKILL)

    @property
    def sentinels(self) -> str:
        """Their addresses, as the gateway is given them."""
        return ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)

    def master(self) -> int:
        """Return the port of the master, as most Sentinels have it now."""
        named = [self._named(port) for port in self.sentinel_ports if self._sentinels[port].poll() is None]
        return max(set(named), key=named.count)

    def client(self, port: int) -> "redis_client.Redis[str]":
        """Return a client of a server or Sentinel."""
        tls: dict[str, Any] = {}
        if self._shown is not None:
            files = zip(("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), map(str, self._shown), strict=True)
            tls = {"host": "127.0.0.1", "ssl": True, **dict(files)}
        return redis_client.Redis(port=port, password=PASSWORD, socket_timeout=1, decode_responses=True, **tls)

    def _listens(self, port: int) -> list[str]:
        if self._shown is None:
            return [f"port {port}", "bind 127.0.0.1"]
        authority, certificate, key = self._shown
        files = [f"tls-ca-cert-file {authority}", f"tls-cert-file {certificate}", f"tls-key-file {key}"]
        return ["port 0", f"tls-port {port}", "bind 127.0.0.1", *files, "tls-replication yes"]

    def start(self, port: int) -> None:
        """Start a server, as what it was last."""
        self._servers[port] = self._begun(self._folder / f"redis-{port}.conf")
        wait_until(lambda: accepts(port), "Redis's start")

    def kill(self, port: int) -> None:
        """End a server as a crash would."""
        stop(self._servers[port], signal.SIGKILL)

    def kill_sentinel(self, port: int) -> None:
        """End a Sentinel as a crash would."""
        stop(self._sentinels[port], signal.SIGKILL)

    def freeze(self, port: int) -> None:
        """Have a server do nothing, as a host does that hangs; connections stay."""
        self._servers[port].send_signal(signal.SIGSTOP)

    def freeze_sentinel(self, port: int) -> None:
        """Have a Sentinel take connections and answer nothing."""
        self._sentinels[port].send_signal(signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        """Let a server go on."""
        self._servers[port].send_signal(signal.SIGCONT)

    def _configured(self, port: int, part: str) -> None:
        lines = [
            *self._listens(port),
            f'requirepass "{PASSWORD}"',
            f'masterauth "{PASSWORD}"',
            'save ""',
            f"dir {self._folder}",
            f"dbfilename {port}.rdb",
            "repl-diskless-sync-delay 0",
            "min-replicas-to-write 1",
            "min-replicas-max-lag 2",
            part,
        ]
        (self._folder / f"redis-{port}.conf").write_text("\n".join(lines) + "\n")

    def _begun(self, configuration: Path, *options: str) -> subprocess.Popen[bytes]:
        # The package of the same name brings no other program.
        program = find_program("redis-server", "redis-server")
        return subprocess.Popen([program, str(configuration), *options], stdout=subprocess.DEVNULL, cwd=self._folder)

    def _named(self, port: int) -> int:
        host, named = self.client(port).execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        assert host == "127.0.0.1"
        return int(named)

    def _complete(self) -> bool:
        others = str(len(self.ports) - 1)
        for port in self.sentinel_ports:
            said = self.client(port).execute_command("SENTINEL", "MASTER", MASTER)
            fields = said if isinstance(said, dict) else dict(zip(said[::2], said[1::2], strict=True))
            if not all(str(fields[name]) == others for name in ("num-slaves", "num-other-sentinels")):
                return False
        return int(self.client(self.ports[0]).info("replication")["connected_slaves"]) == len(self.ports) - 1
