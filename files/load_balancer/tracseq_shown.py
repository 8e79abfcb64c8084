"""
Has nginx show a certificate that came by ACME, once it is seen to be what it should be.

Whoever asked for it is trusted with nothing: its files must be its own, the key must be that of the certificate, the
name must be right, and nobody is shown one that is older than what was shown before. nginx reads by one link which
pair it shows, for each handshake, so that nobody ever gets a certificate with the key of another, and nothing is
reloaded. It runs as root, and sees no network.

    tracseq_shown.py NAME DIRECTORY GOT WORKERS

    NAME: that the certificate must be for
    DIRECTORY: where nginx has its certificates; ``site.crt`` and ``site.key`` there are shown until there is another
    GOT: where whoever asked leaves NAME.crt and NAME.key
    WORKERS: the group of nginx's workers, which read the key
"""

import grp
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

LARGEST = 1_000_000


class Refused(Exception):
    """Why a certificate is not shown."""


def owned(path, owner):
    """What a file holds that is a user's own: no link, and no file of another."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if found.st_uid != owner or found.st_size > LARGEST:
            raise Refused(f"{path} is not the file of who asked for it")
        return file.read()


def life(certificate):
    """When a certificate begins to be valid, and when it ends; None where there is none."""
    try:
        said = asked(certificate, "-startdate", "-enddate").splitlines()
    except OSError:
        return None
    return tuple(ssl.cert_time_to_seconds(line.partition("=")[2]) for line in said)


def asked(certificate, *what):
    """What openssl says of a certificate."""
    done = subprocess.run(
        ["openssl", "x509", "-noout", *what, "-in", certificate], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(done.stderr.strip())
    return done.stdout


def names(certificate, name):
    """Whether a certificate is for a name."""
    return "does match" in asked(certificate, "-checkhost", name)


def judged(name, certificate, key, before):
    """
    Raise where a certificate must not be shown.

    Args:
        name: that it must be for
        certificate, key: the two files
        before: the certificate by ACME that is shown; None where there is none
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(f"certificate and key do not belong together: {error}") from error
    if not names(certificate, name):
        raise Refused(f"it is not for {name}")
    begin, end = life(certificate)
    now = datetime.now(UTC).timestamp()
    if not begin <= now < end:
        raise Refused("it is not valid now")
    if before and begin < before[0]:
        raise Refused("it is older than the one that is shown")


def placed(directory, certificate, key, workers):
    """Have a pair beside those that are there, and the link lead to it."""
    kept = directory / "acme"
    kept.mkdir(mode=0o755, exist_ok=True)
    name = hashlib.sha256(certificate).hexdigest()[:16]
    written(kept / f"{name}.key", key, workers, 0o640)
    written(kept / f"{name}.crt", certificate, -1, 0o644)
    (kept / name).mkdir(mode=0o755, exist_ok=True)
    synced(kept)
    before = (directory / "shown").resolve()
    pointed(directory / "shown", f"acme/{name}")
    pointed(directory / "shown.crt", f"acme/{name}.crt")
    # A handshake that has begun reads the one before.
    for path in kept.iterdir():
        if path.name.partition(".")[0] not in (name, before.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def written(path, content, group, mode):
    """Have a file on disk, that nobody could read before it was whose it is."""
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), -1, group)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def pointed(link, target):
    """Have a link point to something, at once."""
    new = link.with_name(f".{link.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    synced(link.parent)


def synced(directory):
    """Have the names in a directory on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def shown(directory, name):
    """The certificate by ACME that is shown; None where it is the site's, which is then shown."""
    pair = (directory / "shown").resolve()
    certificate, key = (pair.with_suffix(end) for end in (".crt", ".key"))
    if pair.parent.name == "acme" and certificate.is_file() and key.is_file() and names(certificate, name):
        return certificate
    (directory / "site").mkdir(mode=0o755, exist_ok=True)
    pointed(directory / "shown", "site")
    pointed(directory / "shown.crt", "site.crt")
    return None


def main(name, directory, got, workers):
    directory, got = Path(directory), Path(got)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    before = shown(directory, name)
    pair = [got / f"{name}{end}" for end in (".crt", ".key")]
    if not all(os.path.lexists(path) for path in pair):
        print(f"There is no certificate for {name} yet: that of the site is shown.")
        return
    owner = got.stat().st_uid
    certificate, key = (owned(path, owner) for path in pair)
    if before and before.read_bytes() == certificate:
        return
    with tempfile.TemporaryDirectory() as work:
        files = [Path(work, name) for name in ("certificate", "key")]
        for file, content in zip(files, (certificate, key), strict=True):
            file.write_bytes(content)
        judged(name, *files, life(before) if before else None)
        end = life(files[0])[1]
    placed(directory, certificate, key, grp.getgrnam(workers).gr_gid)
    print(f"A new certificate for {name} is shown, until {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M:%S} UTC.")


if __name__ == "__main__":
    os.umask(0o022)
    try:
        main(*sys.argv[1:])
    except Refused as error:
        sys.exit(f"A certificate that came by ACME is not shown: {error}.")
