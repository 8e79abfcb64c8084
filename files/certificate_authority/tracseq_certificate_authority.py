"""
Renews the certificates of the site's hosts.

    python3 tracseq_certificate_authority.py CREDENTIALS REVOKED

systemd starts it with the socket at which it listens. A request is a certificate signing request for a new key, signed
with the key of the certificate that is to be renewed (a CMS message, RFC 5652). The answer is a certificate with the
names and usages of that one: of the request itself nothing counts but the key. Neither holds a secret, and each proves
itself, so that no connection has to: an authority whose own certificate for TLS had ended could renew nobody's.

CREDENTIALS is a directory with settings.json, root.crt, authority.crt and authority.key; REVOKED says whose
certificates are renewed no more: a name, a tab, and the time before which they were made.
"""

import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

# Debian 12 and 13 call the times of a certificate differently.
warnings.simplefilter("ignore")

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

LONGEST = 65536
PATIENCE = 10
MOST = 60
"""Certificates of one host for each part of a lifetime, or a day: it has about ten, and tries again what failed."""
DAY = 86400
CLOCK_TOLERANCE = timedelta(hours=1)
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
FIRST_SOCKET = 3
"""The first that systemd hands over (sd_listen_fds(3))."""
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


class Refused(Exception):
    """Why a request is not granted, as a sentence."""


class Authority:
    """The key, and what it has signed."""

    def __init__(self, credentials, revoked, state):
        self.settings = json.loads((credentials / "settings.json").read_text())
        self.root = credentials / "root.crt"
        self.chain = credentials / "authority.crt"
        self.own = x509.load_pem_x509_certificate(self.chain.read_bytes())
        self.key = serialization.load_pem_private_key((credentials / "authority.key").read_bytes(), None)
        self.revoked = revoked
        self.issued = state / "issued"
        self.issued.mkdir(mode=0o700, exist_ok=True)
        self.recent = {}
        self.lock = threading.Lock()

    def tidied(self):
        """Forget the keys whose certificates have ended."""
        for path in self.issued.iterdir():
            if path.stat().st_mtime < time.time():
                path.unlink()

    def renewed(self, message, where):
        """The new certificate, and behind it the authority's."""
        caller, request = self.opened(message)
        name = caller.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        host = self.checked(caller, name)
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
            raise Refused(f"{name}: the new key is none of an elliptic curve that is in use here.")
        with self.lock:
            now = datetime.now(UTC)
            lifetime = timedelta(seconds=self.settings["lifetime"])
            until = min(now + lifetime, ended(self.own))
            if ended(self.own) == until <= ended(caller):
                # Else it would be renewed more and more often, the nearer that end comes.
                raise Refused(
                    f"{name}: it lasts as long as the authority itself, until {until:%Y-%m-%d %H:%M:%S} UTC; a run of "
                    "deploys/site.py gives that one a new certificate."
                )
            self.once(key, until, name)
            self.counted(host)
        certificate = self.signed(caller, key, now, until)
        print(
            f"Renewed for {where}: {name} ({words(certificate)}), serial {certificate.serial_number:x}, "
            f"until {until:%Y-%m-%d %H:%M:%S} UTC.",
            flush=True,
        )
        return certificate.public_bytes(serialization.Encoding.PEM) + self.chain.read_bytes()

    def opened(self, message):
        """Who signed a message with the key of a certificate of this site that is valid now, and what it asks for."""
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            (place / "trusted").write_bytes(self.root.read_bytes() + self.chain.read_bytes())
            (place / "message").write_bytes(message)
            line = [
                "openssl", "cms", "-verify", "-inform", "DER", "-in", place / "message", "-CAfile", place / "trusted",
                "-no-CApath", "-no-CAstore", "-purpose", "any", "-signer", place / "signer", "-out", place / "request",
            ]  # fmt: skip
            done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
            if done.returncode:
                why = done.stderr.strip().rpartition("error:")[2].strip()
                raise Refused(f"It is signed by no certificate of this site that is valid: {why}.")
            signers = PEM.findall((place / "signer").read_bytes())
            if len(signers) != 1:
                raise Refused(f"It is signed by {len(signers)}, and must be by one.")
            try:
                request = x509.load_der_x509_csr((place / "request").read_bytes())
            except ValueError as error:
                raise Refused(f"What is signed is no request for a certificate: {error}.") from error
        if not request.is_signature_valid:
            raise Refused("Who asks does not have the new key.")
        return x509.load_pem_x509_certificate(signers[0]), request

    def checked(self, caller, name):
        """The host whose certificate it is, where it is to be renewed."""
        if caller.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise Refused(f"{name}: the certificate of an authority is not renewed here.")
        sans = caller.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = sans.get_values_for_type(x509.DNSName)
        made = (begun(caller) + tolerance(caller)).timestamp()
        for line in self.revoked.read_text().splitlines() if self.revoked.exists() else ():
            whose, _, before = line.partition("\t")
            # What a service of a host shows, and what load balancers share, have its name in them.
            its = any(f".{one}".endswith(f".{whose}") for one in (name, *names))
            if its and made <= float(before):
                raise Refused(f"{name}: certificates of {whose} were revoked.")
        return name if name in self.settings["hosts"] else names[0]

    def counted(self, host):
        """Refuse a host that asks more often than any has reason to."""
        now, span = time.monotonic(), min(DAY, self.settings["lifetime"] / self.settings["part"])
        times = [at for at in self.recent.get(host, ()) if at > now - span]
        if len(times) >= MOST:
            raise Refused(f"{host} had {MOST} certificates within {span:.0f} s, and gets no more for now.")
        self.recent[host] = [*times, now]

    def once(self, key, until, name):
        """Refuse a key that was signed for already: the message was recorded, and is sent again."""
        public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.tidied()
        path = self.issued / sha256(public).hexdigest()
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            raise Refused(f"{name}: its new key has a certificate already.") from None
        os.utime(path, (until.timestamp(), until.timestamp()))

    def signed(self, caller, key, now, until):
        """A certificate as the caller's, with another key and another end."""
        lifetime = until - now
        builder = (
            x509.CertificateBuilder()
            .subject_name(caller.subject)
            .issuer_name(self.own.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - min(CLOCK_TOLERANCE, lifetime / 10))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage):
            extension = caller.extensions.get_extension_for_class(kind)
            builder = builder.add_extension(extension.value, extension.critical)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(issuer, critical=False).sign(self.key, hashes.SHA256())


def utc(certificate, name):
    found = getattr(certificate, f"{name}_utc", None)
    return found or getattr(certificate, name).replace(tzinfo=UTC)


def begun(certificate):
    """When a certificate begins to be valid."""
    return utc(certificate, "not_valid_before")


def ended(certificate):
    """When it is valid no longer."""
    return utc(certificate, "not_valid_after")


def tolerance(certificate):
    """How long before it was made it is valid: for hosts whose clocks are behind."""
    return min(CLOCK_TOLERANCE, (ended(certificate) - begun(certificate)) / 11)


def words(certificate):
    """The names of a certificate."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return ", ".join(str(name.value) for name in names)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = PATIENCE

    def do_POST(self):
        """Answer with a certificate, or with the reason why there is none."""
        where = self.client_address[0].removeprefix("::ffff:")
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 < length <= LONGEST:
                raise Refused(f"A request has 1 to {LONGEST} bytes, and this one {length}.")
            status, body = 200, self.server.authority.renewed(self.rfile.read(length), where)
        except Refused as error:
            print(f"Refused for {where}: {error}", flush=True)
            status, body = 403, f"{error}\n".encode()
        except Exception as error:  # what nobody thought of must not end the answer to others
            print(f"Failed for {where}: {error!r}", file=sys.stderr, flush=True)
            status, body = 500, b"It failed; its journal says why.\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """What matters is said already."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """At the socket that systemd opened."""

    daemon_threads = True

    def __init__(self, authority, listening):
        super().__init__(listening.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.authority = listening, authority


def main(credentials, revoked):
    authority = Authority(Path(credentials), Path(revoked), Path(os.environ["STATE_DIRECTORY"]))
    with Server(authority, socket.socket(fileno=FIRST_SOCKET)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
