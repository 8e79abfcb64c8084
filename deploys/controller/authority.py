"""The site's own small certificate authority: its key stays on the controller."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploys.settings.host import SiteHost
from deploys.settings.site import Site

LIFETIME_OF_AUTHORITY = timedelta(days=3650)
AUTHORITY_FILE = "/etc/tracseq/authority.crt"
"""Where every host of the site keeps the authority's certificate."""

CLOCK_TOLERANCE = timedelta(hours=1)
"""A certificate is valid from this long ago: hosts whose clocks are behind must take it."""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str


class Authority:
    """
    A certificate authority in a directory: ``authority.crt``, ``authority.key``, and its leaves.

    Args:
        directory: made, closed to others, where it is missing
        lifetime: of a leaf, seconds
        renewal: a leaf with less than this left is made anew, seconds
        kept: whether what is made is written to the directory; a plan leaves nothing behind
    """

    def __init__(self, directory: str, lifetime: float, renewal: float, kept: bool = True) -> None:
        self.directory = Path(directory)
        self.kept = kept
        self._unkept: dict[str, str] = {}
        self.lifetime = timedelta(seconds=lifetime)
        self.renewal = timedelta(seconds=renewal)
        if kept:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._read("authority.key"):
            self._found()

    @property
    def certificate(self) -> str:
        """The authority's own certificate, which clients trust, as PEM text."""
        return self._read("authority.crt")

    def of_host(self, host: SiteHost) -> Certificate:
        """The certificate with which a host's servers show other hosts of the site who they are."""
        return self.leaf(host.name, [host.name, *host.addresses])

    def of_client(self, host: SiteHost) -> Certificate:
        """The certificate with which a host shows servers of the site who it is; no server takes it for a server's."""
        return self.leaf(f"{host.name}-client", [host.name], ExtendedKeyUsageOID.CLIENT_AUTH)

    def of_member(self, host: SiteHost) -> Certificate:
        """The certificate by which a host's server shows others of its kind who it is, as a server and as a client."""
        both = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        return self.leaf(f"{host.name}-member", [host.name, *host.addresses], *both)

    def leaf(self, name: str, names: Sequence[str], *usages: x509.ObjectIdentifier) -> Certificate:
        """
        A certificate, made or renewed where need be.

        Args:
            name: what to keep it as
            names: DNS names and addresses that it is for, the most important first
            usages: what it may prove: who a server is (without any: that), who a client is
        """
        kept = Certificate(*(self._read(f"{name}.{end}") for end in ("crt", "key")))
        if kept.certificate and kept.key and self._serves(kept.certificate, names):
            return kept
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.load_pem_x509_certificate(self.certificate.encode())
        now = datetime.now(UTC)
        certificate = (
            _builder(names[0], issuer.subject, key.public_key(), now, self.lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_alternative_names(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages or [ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key().public_key()),
                critical=False,
            )
            .sign(self._key(), hashes.SHA256())
        )
        self._write(f"{name}.key", _pem(key))
        self._write(f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM).decode())
        return Certificate(self._read(f"{name}.crt"), self._read(f"{name}.key"))

    def _serves(self, certificate: str, names: Sequence[str]) -> bool:
        leaf = x509.load_pem_x509_certificate(certificate.encode())
        issuer = x509.load_pem_x509_certificate(self.certificate.encode())
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if found != _alternative_names(names):
            return False
        if leaf.not_valid_after_utc - datetime.now(UTC) < self.renewal:
            return False
        try:
            leaf.verify_directly_issued_by(issuer)
        except Exception:  # whatever is wrong with the old one, a new one is the answer
            return False
        return True

    def _found(self) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TracSeq site authority")])
        certificate = (
            _builder("TracSeq site authority", name, key.public_key(), datetime.now(UTC), LIFETIME_OF_AUTHORITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False, content_commitment=False, key_encipherment=False,
                    data_encipherment=False, key_agreement=False, key_cert_sign=True,
                    crl_sign=True, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA384())
        )  # fmt: skip
        # The certificate first: without a key beside it, it is replaced by the next run.
        self._write("authority.crt", certificate.public_bytes(serialization.Encoding.PEM).decode())
        self._write("authority.key", _pem(key))

    def _key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self._read("authority.key").encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def _read(self, name: str) -> str:
        if name in self._unkept:
            return self._unkept[name]
        path = self.directory / name
        return path.read_text() if path.exists() else ""

    def _write(self, name: str, text: str) -> None:
        if not self.kept:
            self._unkept[name] = text
            return
        path = self.directory / name
        descriptor = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(f"{path}.new").rename(path)


def of(site: Site, kept: bool) -> Authority:
    """
    The authority of a site.

    Args:
        site: the site
        kept: whether what is made is written to its directory
    """
    shared = site.shared
    return Authority(site.authority_directory, shared.certificate_lifetime, shared.certificate_renewal, kept)


def _builder(
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + lifetime)
    )


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(entries)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
