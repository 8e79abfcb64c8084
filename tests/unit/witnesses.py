"""Witnesses of a pretended site on this machine: the program that hosts run, each with its own directory and port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploys.controller.authority import Authority

PROGRAM = Path("files/witness/tracseq-witness").resolve()
YEAR = 365 * 24 * 3600.0


class Witness:
    """
    A host's witness.

    Args:
        name: the host's
        directory: in which it keeps everything
        authority: of its certificate
    """

    def __init__(self, name: str, directory: Path, authority: Authority) -> None:
        self.name = name
        self.directory = directory / name
        self.port = 0
        self.state = self.directory / "state"
        self.state.mkdir(parents=True)
        (self.directory / "authority.crt").write_text(authority.certificate)
        own = authority.leaf(name, [name])
        (self.directory / "server.crt").write_text(own.certificate)
        (self.directory / "server.key").write_text(own.key)
        self.answer()

    def answer(self) -> None:
        """Answer whoever asks, from now on."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def knows(self, site: Sequence[Witness], postgres: Sequence[str]) -> None:
        """Tell it the hosts of its site."""
        lines = [f"{one.name} 127.0.0.1 {one.port} {'postgres' if one.name in postgres else 'other'}" for one in site]
        (self.directory / "hosts").write_text("\n".join(lines) + "\n")

    def run(self, *arguments: str, **environment: str) -> str:
        """What the program prints on this host."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self._environment | environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def heard(self, system: str) -> str:
        """The timeline and the host that it knows of a system; empty where it knows none."""
        file = self.state / system
        return " ".join(file.read_text().split()[:2]) if file.exists() else ""

    def say(self, text: str) -> None:
        """Say something to it, as any host of its network could, and wait for its answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(text.encode())
            while connection.recv(4096):
                pass

    def leave(self) -> None:
        """Answer nobody any more."""
        # Closing it alone leaves it open to the thread that waits for the next connection.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "WITNESS_STATE": str(self.state),
            "WITNESS_HOSTS": str(self.directory / "hosts"),
            "WITNESS_AUTHORITY": str(self.directory / "authority.crt"),
            "WITNESS_CREDENTIALS": str(self.directory),
            "WITNESS_SELF": self.name,
            # Not a measure of speed: nobody here keeps others waiting.
            "WITNESS_PATIENCE": "30",
        }

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                subprocess.run(
                    [PROGRAM, "serve"],
                    env=self._environment,
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    check=False,
                )


@contextmanager
def site(directory: Path, authority: Authority) -> Iterator[list[Witness]]:
    """Three witnesses that know of each other; pg1 and pg2 are Postgres hosts, gw1 is none."""
    found = [Witness(name, directory, authority) for name in ("pg1", "pg2", "gw1")]
    for one in found:
        one.knows(found, ["pg1", "pg2"])
    try:
        yield found
    finally:
        for one in found:
            one.leave()
