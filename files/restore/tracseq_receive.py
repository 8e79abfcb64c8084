"""
Takes what the backup host restored for this host, and ends.

    python3 tracseq_receive.py /etc/tracseq/restore/settings.json

It runs only while a restore waits for it. Who sends must show the certificate of a backup host. It sends one
archive of tar(1) in pieces, each with its length before it, and is told at the end whether all of it is here.
What was cut off is thrown away, and the next one that connects begins anew.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

TIMEOUT = 600


def ready():
    """Tell systemd that whoever sends can connect now (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service_manager:
            service_manager.sendto(b"READY=1", address.replace("@", "\0", 1))


def frame(piece):
    """A piece with its length before it."""
    return len(piece).to_bytes(4, "big") + piece


def pieces(stream):
    """The pieces of what is sent, up to the empty one at its end."""
    while True:
        length = stream.read(4)
        if len(length) < 4:
            raise OSError("the connection was cut off")
        size = int.from_bytes(length, "big")
        if size == 0:
            return
        piece = stream.read(size)
        if len(piece) < size:
            raise OSError("the connection was cut off")
        yield piece


def unpacked(connection, new):
    """Unpack what is sent into a new directory, as the user that this runs as."""
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    line = ["tar", "--extract", f"--directory={new}", "--preserve-permissions", "--no-same-owner", "--file=-"]
    with connection.makefile("rb") as stream, subprocess.Popen(line, stdin=subprocess.PIPE) as tar:
        for piece in pieces(stream):
            tar.stdin.write(piece)
    if tar.returncode:
        raise OSError(f"tar ended with {tar.returncode}: see journalctl -u tracseq-restore-receive")
    os.sync()


def received(connection, directory):
    """Why what was sent is not here; empty where it is."""
    new = directory.with_name(f"{directory.name}.new")
    try:
        unpacked(connection, new)
        new.rename(directory)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        return f"it was not taken: {error}"
    return ""


def main(file):
    settings = json.loads(Path(file).read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    context.load_verify_locations(settings["authority"])
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("::", settings["port"]), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        ready()
        while True:
            plain, _ = server.accept()
            plain.settimeout(TIMEOUT)
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    subject = connection.getpeercert()["subject"]
                    names = [value for name in subject for key, value in name if key == "commonName"]
                    if not names or not set(names) <= set(settings["holders"]):
                        print(f"{names} is no backup host of this site.", file=sys.stderr)
                        continue
                    problem = received(connection, Path(settings["directory"]))
                    connection.sendall(frame(b"") + frame(problem.encode()))
                    if not problem:
                        return
                    print(problem, file=sys.stderr)
            except OSError as error:  # a port scan, or somebody without a certificate: no fault of this host
                print(f"Nothing was taken: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
