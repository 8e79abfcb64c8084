"""What certificates of a site consist of, and whether one that a host has is as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploys.settings.credential import Usage

CLOCK_TOLERANCE = timedelta(hours=1)
"""A certificate is valid from this long ago, or a tenth of its life: hosts whose clocks are behind must take it."""

OIDS: dict[Usage, x509.ObjectIdentifier] = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
}


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str


def oids(usages: Sequence[Usage]) -> tuple[x509.ObjectIdentifier, ...]:
    """What a certificate proves, as it says it."""
    return tuple(OIDS[usage] for usage in usages)


def called(name: str) -> x509.Name:
    """A name, as certificates have it."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    """
    A certificate as far as all are the same.

    Args:
        name: whose
        issuer: who signs it
        key: its public key
        now: when it is made
        until: when it ends
    """
    return (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - min(CLOCK_TOLERANCE, (until - now) / 10))
        .not_valid_after(until)
    )


def of_authority(path_length: int) -> Sequence[tuple[x509.ExtensionType, bool]]:
    """
    The extensions of a certificate whose key signs others, each with whether it is critical.

    Args:
        path_length: how many further authorities may lie between it and what they sign
    """
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (x509.BasicConstraints(ca=True, path_length=path_length), True), (usage, True)


def alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    """Names and addresses, as a certificate has them."""
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(entries)


def only(names: Sequence[str]) -> x509.NameConstraints:
    """That an authority signs for these names and addresses alone."""
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ip_network(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    return x509.NameConstraints(permitted_subtrees=entries, excluded_subtrees=None)


def serves(
    text: str,
    root: x509.Certificate,
    names: Sequence[str],
    usages: Sequence[x509.ObjectIdentifier],
    least: timedelta,
    revoked: float | None = None,
) -> bool:
    """
    Whether a certificate is from the site's authority, for these names and usages, and has enough left.

    Args:
        text: as PEM text: the certificate, and behind it that of who signed it, where that is not the root
        root: the site's authority
        names: DNS names and addresses that it is to be for
        usages: what it is to prove
        least: what it must have left
        revoked: before when its host's certificates count for nothing, in seconds since 1970
    """
    try:
        leaf, *between = x509.load_pem_x509_certificates(text.encode())
        issuer = root
        for one in reversed(between):
            one.verify_directly_issued_by(issuer)
            issuer = one
        leaf.verify_directly_issued_by(issuer)
        of = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        proves = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except Exception:  # whatever is wrong with it, a new one is the answer
        return False
    return (
        of == alternative_names(names)
        and set(proves) == set(usages)
        and leaf.not_valid_after_utc - datetime.now(UTC) >= least
        and (revoked is None or made(leaf).timestamp() > revoked)
    )


def made(certificate: x509.Certificate) -> datetime:
    """When a certificate was made."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + min(CLOCK_TOLERANCE, (end - begin) / 11)


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    """A key, as PEM text."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def text(certificate: x509.Certificate) -> str:
    """A certificate, as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
