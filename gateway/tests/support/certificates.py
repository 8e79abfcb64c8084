"""A certificate authority of the test's own and a server's certificate by it."""

import datetime
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """An authority whose certificate is in a file of a folder.

    Attributes:
        file: its certificate.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "ca.pem"
        certificate = _certificate("Test authority", self._key, self._key, authority=True)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: str) -> tuple[Path, Path]:
        """Return the files of a certificate for 127.0.0.1 and for DNS names, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate("127.0.0.1", key, self._key, names, authority=False)
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        _replace(files[0], certificate.public_bytes(serialization.Encoding.PEM))
        _replace(
            files[1],
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        return files


def _replace(path: Path, contents: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(contents)
    new.chmod(0o600)
    new.rename(path)


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Return the files of the authority, of a certificate for 127.0.0.1, and of its key."""
    authority = Authority(folder)
    return authority.file, *authority.issue("server")


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str] = (),
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    # What newer Pythons insist on (RFC 5280, 4.2.1).
    issuer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(issuer_identifier, critical=False)
    if authority:
        unused = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        usage = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **unused)
        builder = builder.add_extension(usage, critical=True)
    else:
        own = [x509.IPAddress(ip_address("127.0.0.1")), *(x509.DNSName(name) for name in names)]
        builder = builder.add_extension(x509.SubjectAlternativeName(own), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
