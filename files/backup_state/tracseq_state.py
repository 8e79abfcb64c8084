"""
Sends what the services of this host must not lose to the host that holds the backups.

    python3 tracseq_state.py /etc/tracseq/backup-state/settings.json

systemd starts it for each connection, which is its standard input. Who asks must show the certificate
of a backup host. It gets one archive of tar(1) in pieces, each with its length before it, and at the
end how that went, so that what was cut off is taken for no backup.

A file that must be the same before and after says whether what was read fits together: Redis names in
its manifest which files its log consists of, and only adds to the last of them.
"""

import json
import socket
import ssl
import subprocess
import sys
from pathlib import Path

PIECE = 1024**2
TIMEOUT = 600
CHANGED = 1
"""How tar ends where a file grew while it was read; it has as much of it as there was (tar(1))."""


def steady(states):
    """The contents of the files that must not change meanwhile."""
    paths = [Path(state["path"], state["steady"]) for state in states if state["steady"]]
    return [path.read_bytes() if path.is_file() else None for path in paths]


def frame(piece):
    """A piece with its length before it."""
    return len(piece).to_bytes(4, "big") + piece


def send(connection, states):
    """Send the archive, and how it went."""
    before = steady(states)
    paths = [state["path"].lstrip("/") for state in states if Path(state["path"]).exists()]
    line = ["tar", "--create", "--directory=/", "--numeric-owner", "--file=-", "--", *paths]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as tar:
        while piece := tar.stdout.read(PIECE):
            connection.sendall(frame(piece))
    if tar.returncode not in (0, CHANGED):
        problem = f"tar ended with {tar.returncode}"
    elif steady(states) != before:
        problem = "it was rewritten meanwhile"
    else:
        problem = ""
    connection.sendall(frame(b"") + frame(problem.encode()))


def main(file):
    settings = json.loads(Path(file).read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    context.load_verify_locations(settings["authority"])
    context.verify_mode = ssl.CERT_REQUIRED
    plain = socket.socket(fileno=0)
    plain.settimeout(TIMEOUT)
    try:
        connection = context.wrap_socket(plain, server_side=True)
    except OSError as error:  # a port scan, or somebody without a certificate: no fault of this host
        print(f"Somebody did not say who it is: {error}", file=sys.stderr)
        return
    with connection:
        names = [value for name in connection.getpeercert()["subject"] for key, value in name if key == "commonName"]
        if names != [name for name in names if name in settings["holders"]] or not names:
            sys.exit(f"{names} is no backup host of this site.")
        send(connection, settings["states"])


if __name__ == "__main__":
    main(sys.argv[1])
