"""
Renews the certificates of this host, each once a third of its life is over.

    python3 tracseq_renewal.py /etc/tracseq/renewal/settings.json

It asks the site's online authority, which gives a certificate with the names and usages of the one that is shown to it.
The new key never leaves the host. Certificate and key lie together in a directory, and take the place of the old ones
by the renaming of one link; then what uses them takes them up. Whatever fails, the old ones stay, and the next run of
this program tries again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

PATIENCE = 30
PATIENCE_OF_TAKE_UP = 900
"""Seconds: a service has its requests end before it starts anew, and is waited for."""
SLACK = 5
"""Seconds by which the clocks of two hosts may differ, at least."""
CLOCK_TOLERANCE = 3600
METRIC = "tracseq_renewal"
END = "-----END CERTIFICATE-----"


class Problem(Exception):
    """Why a certificate was not renewed, as a sentence."""


def said(*line, patience=PATIENCE):
    """What a command prints; where it fails, that is a problem."""
    done = subprocess.run(line, capture_output=True, timeout=patience, check=False)
    if done.returncode:
        why = "; ".join(done.stderr.decode(errors="replace").split("\n")).strip("; ") or "it said nothing"
        raise Problem(f"{' '.join(map(str, line[:2]))} failed: {why}")
    return done.stdout


def about(certificate):
    """What a certificate says of whom it is for: that stays the same from one to the next."""
    return said(
        "openssl", "x509", "-in", certificate, "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage"
    )  # fmt: skip


def public(certificate):
    """The key that a certificate is for."""
    return said("openssl", "x509", "-in", certificate, "-noout", "-pubkey")


def life(certificate):
    """When a certificate was made, and when it ends, in seconds since 1970."""
    text = said("openssl", "x509", "-in", certificate, "-noout", "-startdate", "-enddate").decode()
    begin, end = (
        datetime.strptime(line.partition("=")[2], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).timestamp()
        for line in text.splitlines()
    )
    # It is valid from before it was made, for hosts whose clocks are behind.
    return begin + min(CLOCK_TOLERANCE, (end - begin) / 11), end


class Pair:
    """A certificate and its key."""

    def __init__(self, entry, settings):
        self.settings = settings
        self.certificate, self.key = Path(entry["certificate"]), Path(entry["key"])
        self.owner, self.group, self.mode = entry["owner"], entry["group"], int(entry["mode"], 8)
        self.take_up = entry["take_up"]
        self.place = self.certificate.parent / f".{self.certificate.stem}"
        self.current = self.place / "current"
        self.waiting = self.place / "waiting"

    def due(self, certificate=None):
        """When it, or another in its place, is to be renewed, and when it is late, in seconds since 1970."""
        made, end = life(certificate or self.certificate)
        most = min(end - made, self.settings["lifetime"])
        part = most / self.settings["part"]
        return made + part, end - part

    def renewed(self):
        """Renew it where that is due, and have it taken up; whether it was."""
        if said("openssl", "pkey", "-in", self.key, "-pubout") != public(self.certificate):
            raise Problem("the key does not belong to the certificate; a run of deploys/site.py makes both anew")
        changed = self.due()[0] <= time.time()
        if changed:
            with tempfile.TemporaryDirectory() as directory:
                self.placed(*self.asked(Path(directory)))
        if self.waiting.exists():
            if self.take_up:
                said("/bin/sh", "-c", self.take_up, patience=PATIENCE_OF_TAKE_UP)
            self.waiting.unlink()
        return changed

    def asked(self, work):
        """A new certificate and its key, seen to be what they should be."""
        key, request, message, answer = (work / name for name in ("key", "request", "message", "answer"))
        # Who signed it may have another key by now: the root says that it was one of the site's.
        between = work / "between"
        between.write_text(self.certificate.read_text().partition(END)[2].strip())
        further = ["-certfile", between] if between.stat().st_size else []
        said("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        said("openssl", "req", "-new", "-key", key, "-subj", "/", "-outform", "DER", "-out", request)
        said(
            "openssl", "cms", "-sign", "-binary", "-nodetach", "-in", request, "-outform", "DER", "-out", message,
            "-signer", self.certificate, "-inkey", self.key, *further,
        )  # fmt: skip
        answer.write_bytes(self.answer(message.read_bytes()))
        said(
            "openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", self.settings["root"],
            "-untrusted", answer, answer,
        )  # fmt: skip
        if public(answer) != said("openssl", "pkey", "-in", key, "-pubout"):
            raise Problem("the authority answered with a certificate for another key")
        if about(answer) != about(self.certificate):
            raise Problem("the authority answered with a certificate for other names or usages")
        if self.due(answer)[0] < time.time() - SLACK:
            raise Problem(
                "what the authority gives is to be renewed already: its clock is behind, or this host's ahead"
            )
        return answer.read_bytes(), key.read_bytes()

    def answer(self, message):
        """What the authority says."""
        try:
            with urllib.request.urlopen(self.settings["authority"], data=message, timeout=PATIENCE) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace").strip().removesuffix(".")
            raise Problem(f"the authority refuses it: {text}") from error
        except OSError as error:
            raise Problem(f"the authority at {self.settings['authority']} cannot be reached: {error}") from error

    def placed(self, certificate, key):
        """Have them in the place of the old ones, which go."""
        self.linked()
        new = self.directory(certificate, key)
        self.waiting.touch()
        pointed(self.current, new.name)
        self.tidied()

    def linked(self):
        """Have the two paths be links into one directory: where they are not, it gets what they are."""
        self.place.mkdir(mode=0o755, exist_ok=True)
        # Of a try that failed, such as for want of space.
        self.tidied()
        wanted = {path: f"{self.place.name}/current/{path.name}" for path in (self.certificate, self.key)}
        if all(path.is_symlink() and str(path.readlink()) == target for path, target in wanted.items()):
            return
        new = self.directory(self.certificate.read_bytes(), self.key.read_bytes())
        pointed(self.current, new.name)
        for path, target in wanted.items():
            pointed(path, target)

    def tidied(self):
        """Remove all pairs but the one that is in force."""
        for path in self.place.iterdir():
            if path.is_dir() and not path.is_symlink() and path != self.current.resolve():
                shutil.rmtree(path)

    def directory(self, certificate, key):
        """A new directory with the two, on disk."""
        new = Path(tempfile.mkdtemp(dir=self.place))
        new.chmod(0o755)
        written(new / self.certificate.name, certificate, "root", "root", 0o644)
        written(new / self.key.name, key, self.owner, self.group, self.mode)
        synced(new)
        return new


def written(path, content, owner, group, mode):
    """Have a file on disk, that nobody could read before it was whose it is."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.chown(path, owner, group)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def pointed(link, target):
    """Have a link point to something, at once."""
    new = link.with_name(f"{link.name}.tracseq-new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    synced(link.parent)


def synced(directory):
    """Have the names in a directory on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def told(pairs, failed, directory):
    """Leave in a file when each is late, and what failed, for the exporter of the machine."""
    lines = [
        f"# HELP {METRIC}_late_timestamp_seconds When a third of its life is left, and it should long be renewed.",
        f"# TYPE {METRIC}_late_timestamp_seconds gauge",
    ]
    for pair in pairs:
        try:
            late = pair.due()[1]
        except Problem:
            late = 0
        lines.append(f'{METRIC}_late_timestamp_seconds{{path="{pair.certificate}"}} {late:.0f}')
    lines += [
        f"# HELP {METRIC}_failed Whether it is to be renewed, and could not be.",
        f"# TYPE {METRIC}_failed gauge",
        *(f'{METRIC}_failed{{path="{pair.certificate}"}} {int(pair in failed)}' for pair in pairs),
    ]
    directory.mkdir(exist_ok=True)
    new = directory / ".renewal.prom"
    new.write_text("\n".join(lines) + "\n")
    new.chmod(0o644)
    new.replace(directory / "renewal.prom")


def main(file):
    settings = json.loads(Path(file).read_text())
    pairs, failed = [Pair(entry, settings) for entry in settings["certificates"]], []
    for pair in pairs:
        try:
            if pair.renewed():
                until = datetime.fromtimestamp(life(pair.certificate)[1], UTC)
                print(f"{pair.certificate} is renewed, until {until:%Y-%m-%d %H:%M:%S} UTC.", flush=True)
        except (Problem, OSError, subprocess.TimeoutExpired) as error:
            failed.append(pair)
            print(f"{pair.certificate} is not renewed and in use: {error}.", file=sys.stderr, flush=True)
    told(pairs, failed, Path(os.environ["STATE_DIRECTORY"], "state"))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
