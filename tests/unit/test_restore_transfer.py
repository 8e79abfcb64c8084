"""What is restored for a host arrives whole and from a backup host, or not at all."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploys.controller.authority import Authority
from tests.lab import eventually
from tests.unit.backup import collect, send, settings_of

DAY = 86400.0
RECEIVER = "files/restore/tracseq_receive.py"


class Taker:
    """A host that waits for what was restored for it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        authority = Authority(str(directory / "authority"), 365 * DAY, 30 * DAY)
        for name in ("backup1", "gw1"):
            self._files(name, authority.leaf(name, [name], ExtendedKeyUsageOID.CLIENT_AUTH))
        self._files("server", authority.leaf("server", ["localhost"]))
        (directory / "authority.crt").write_text(authority.certificate)
        with socket.create_server(("localhost", 0)) as free:
            self.port = free.getsockname()[1]
        self.place = directory / "received"
        values = {
            "certificate": f"{directory}/server.crt",
            "key": f"{directory}/server.key",
            "authority": f"{directory}/authority.crt",
            "holders": ["backup1"],
            "port": self.port,
            "directory": str(self.place),
        }
        (directory / "settings.json").write_text(json.dumps(values))
        self.process = subprocess.Popen([sys.executable, RECEIVER, str(directory / "settings.json")])
        eventually(self.listens)

    def _files(self, name: str, leaf: Any) -> None:
        (self.directory / f"{name}.crt").write_text(leaf.certificate)
        (self.directory / f"{name}.key").write_text(leaf.key)

    def listens(self) -> bool:
        with socket.create_connection(("localhost", self.port)):
            return True

    def connection(self, who: str) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.directory / "authority.crt")
        context.load_cert_chain(self.directory / f"{who}.crt", self.directory / f"{who}.key")
        plain = socket.create_connection(("localhost", self.port))
        return context.wrap_socket(plain, server_hostname="localhost")


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    found = Taker(tmp_path)
    yield found
    found.process.kill()
    found.process.wait()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "restored"
    (directory / "data").mkdir(parents=True, mode=0o700)
    (directory / "data" / "PG_VERSION").write_text("15\n")
    (directory / "restored.json").write_text("{}")
    return directory


def test_it_arrives_and_the_receiver_ends(taker: Taker, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("crt", "key"):
        (taker.directory / f"client.{name}").write_text((taker.directory / f"backup1.{name}").read_text())
    monkeypatch.setattr(send, "CREDENTIALS", taker.directory)
    monkeypatch.setattr(send, "load", lambda: settings_of(restore_port=taker.port))
    send.main("localhost", str(source), "data", "restored.json")
    assert (taker.place / "data" / "PG_VERSION").read_text() == "15\n"
    assert (taker.place / "data").stat().st_mode & 0o777 == 0o700
    assert taker.process.wait(timeout=30) == 0


def test_what_is_cut_off_is_thrown_away_and_the_next_begins_anew(taker: Taker, source: Path) -> None:
    archive = subprocess.run(["tar", "--create", f"--directory={source}", "data"], capture_output=True, check=True)
    with taker.connection("backup1") as connection:
        connection.sendall(len(archive.stdout).to_bytes(4, "big") + archive.stdout[:600])
    eventually(lambda: not list(taker.directory.glob("received*")))
    with taker.connection("backup1") as connection:
        connection.sendall(len(archive.stdout).to_bytes(4, "big") + archive.stdout + bytes(4))
        assert list(collect.pieces(connection)) == []
    assert (taker.place / "data" / "PG_VERSION").is_file()


def test_what_is_no_archive_is_refused_in_words(taker: Taker) -> None:
    with taker.connection("backup1") as connection:
        connection.sendall((1024).to_bytes(4, "big") + b"x" * 1024 + bytes(4))
        with pytest.raises(OSError, match="it was not taken: tar ended with 2"):
            list(collect.pieces(connection))
    assert not taker.place.exists()


def test_another_host_cannot_send_anything(taker: Taker) -> None:
    with taker.connection("gw1") as connection, pytest.raises(OSError, match=r"cut off|closed|reset|EOF"):
        connection.sendall(bytes(4))
        list(collect.pieces(connection))
    assert not taker.place.exists()
    assert taker.process.poll() is None
