"""
Sends some files of a directory to a host that waits for them, as one archive of tar.

    python3 -m tracseq_backup.send pg1 /var/lib/tracseq-restore/restored data restored.json

The other side (files/restore/tracseq_receive.py) says at the end whether it has all of it.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys

from tracseq_backup.collect import CREDENTIALS, TIMEOUT, pieces
from tracseq_backup.settings import load

PIECE = 1024**2


def main(name: str, directory: str, *files: str) -> None:
    """Send once."""
    settings = load()
    context = ssl.create_default_context(cafile=CREDENTIALS / "authority.crt")
    context.load_cert_chain(CREDENTIALS / "client.crt", CREDENTIALS / "client.key")
    line = ["tar", "--create", f"--directory={directory}", "--numeric-owner", "--sparse", "--file=-", "--", *files]
    with (
        socket.create_connection((name, settings.restore_port), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        with subprocess.Popen(line, stdout=subprocess.PIPE) as tar:
            assert tar.stdout is not None
            while piece := tar.stdout.read(PIECE):
                connection.sendall(len(piece).to_bytes(4, "big") + piece)
        if tar.returncode:
            sys.exit(f"tar ended with {tar.returncode}")
        connection.sendall(bytes(4))
        for _ in pieces(connection):
            pass


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(str(error))
