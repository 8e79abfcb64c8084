"""What a host sends of its state, and what the backup host takes for it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploys.controller.authority import Authority
from tests.unit.backup import collect

DAY = 86400.0
SENDER = "files/backup_state/tracseq_state.py"


class Source:
    """A host with state: its program is started for one connection, as systemd does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = directory / "redis"
        self.state.mkdir()
        self.authority = Authority(str(directory / "authority"), 365 * DAY, 30 * DAY)
        self.port = 0
        for name, usage in (("backup1", ExtendedKeyUsageOID.CLIENT_AUTH), ("gw1", ExtendedKeyUsageOID.CLIENT_AUTH)):
            self._files(name, self.authority.leaf(name, [name], usage))
        self._files("server", self.authority.leaf("server", ["localhost"]))
        (directory / "authority.crt").write_text(self.authority.certificate)

    def _files(self, name: str, leaf: Any) -> None:
        (self.directory / f"{name}.crt").write_text(leaf.certificate)
        (self.directory / f"{name}.key").write_text(leaf.key)

    def settings(self, steady: str | None = None) -> Path:
        file = self.directory / "settings.json"
        values = {
            "certificate": str(self.directory / "server.crt"),
            "key": str(self.directory / "server.key"),
            "authority": str(self.directory / "authority.crt"),
            "holders": ["backup1"],
            "states": [{"path": str(self.state), "steady": steady}],
        }
        file.write_text(json.dumps(values))
        return file

    def answer(self, who: str, settings: Path, path: str | None = None) -> list[bytes]:
        """What one connection gets."""
        listener = socket.create_server(("localhost", 0))

        def serve() -> None:
            accepted, _ = listener.accept()
            environment = {"PATH": path} if path else None
            subprocess.run(
                [sys.executable, SENDER, str(settings)], stdin=accepted.fileno(), env=environment, check=False
            )
            accepted.close()

        thread = threading.Thread(target=serve)
        thread.start()
        context = ssl.create_default_context(cafile=self.directory / "authority.crt")
        context.load_cert_chain(self.directory / f"{who}.crt", self.directory / f"{who}.key")
        try:
            with (
                socket.create_connection(listener.getsockname()) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                return list(collect.pieces(connection))
        finally:
            thread.join()
            listener.close()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def test_a_backup_host_gets_an_archive_of_all_of_it(source: Source) -> None:
    (source.state / "appendonly.aof").write_bytes(b"x" * 3_000_000)
    archive = source.directory / "archive.tar"
    archive.write_bytes(b"".join(source.answer("backup1", source.settings())))
    listed = subprocess.run(["tar", "-tf", archive], capture_output=True, text=True, check=True).stdout
    assert f"{source.state}/appendonly.aof".lstrip("/") in listed


@pytest.mark.parametrize("who", ["gw1", "server"])
def test_nobody_else_gets_anything(source: Source, who: str) -> None:
    (source.state / "secret").write_text("not for them")
    with pytest.raises(OSError):
        source.answer(who, source.settings())


def test_what_was_rewritten_meanwhile_is_refused(source: Source) -> None:
    (source.state / "manifest").write_text("1")
    programs = source.directory / "programs"
    programs.mkdir()
    tar = programs / "tar"
    tar.write_text(f'#!/bin/sh\necho 2 > {source.state}/manifest\nexec /usr/bin/tar "$@"\n')
    tar.chmod(0o755)
    with pytest.raises(OSError, match="it was rewritten meanwhile"):
        source.answer("backup1", source.settings("manifest"), path=str(programs))


def test_what_is_cut_off_is_refused(source: Source) -> None:
    one, other = socket.socketpair()
    with one, other:
        other.sendall((10).to_bytes(4, "big") + b"half")
        other.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="cut off"):
            list(collect.pieces(one))
