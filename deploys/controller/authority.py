"""The site's own small certificate authority: its key stays on the controller."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploys.controller import certificates, renewal
from deploys.controller.certificates import Certificate
from deploys.settings.credential import Credential
from deploys.settings.site import Site

LIFETIME_OF_AUTHORITY = timedelta(days=3650)
LIFETIME_OF_ONLINE_AUTHORITY = timedelta(days=5 * 365)
LEAST_OF_ONLINE_AUTHORITY = timedelta(days=4 * 365)
"""A run gives it a new certificate once it has less left: so it always outlives some years without any run."""
AUTHORITY_FILE = "/etc/tracseq/authority.crt"
"""Where every host of the site keeps the authority's certificate."""


class Authority:
    """
    A certificate authority in a directory: ``authority.crt``, ``authority.key``, and its leaves.

    Args:
        directory: made, closed to others, where it is missing
        lifetime: of a leaf, seconds
        renewal: a leaf with less than this left is made anew, seconds
        kept: whether what is made is written to the directory; a plan leaves nothing behind
        online: whether a host of the site signs for it
    """

    def __init__(
        self, directory: str, lifetime: float, renewal: float, kept: bool = True, online: bool = False
    ) -> None:
        self.directory = Path(directory)
        self.kept = kept
        self._unkept: dict[str, str] = {}
        self.lifetime = timedelta(seconds=lifetime)
        self.renewal = timedelta(seconds=renewal)
        self.online = online
        if kept:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._read("authority.key"):
            self._found(ec.generate_private_key(ec.SECP384R1()))
        elif online and not self._may_have_others_sign():
            # With the same name and key: what it has signed until now stays as it is.
            self._found(self._key())

    @property
    def certificate(self) -> str:
        """The authority's own certificate, which clients trust, as PEM text."""
        return self._read("authority.crt")

    @property
    def revoked(self) -> Mapping[str, float]:
        """Whose certificates count for nothing that were made before a time, in seconds since 1970."""
        lines = (line.split("\t") for line in self._read("revoked").splitlines())
        return {name: float(before) for name, before in lines}

    def revoke(self, name: str, at: int) -> None:
        """
        Have a host's certificates count for nothing that were made until now, whatever becomes of the online authority.

        Args:
            name: the host's
            at: now, in seconds since 1970
        """
        known = {**self.revoked, name: at}
        self._write("revoked", "".join(f"{one}\t{before:.0f}\n" for one, before in sorted(known.items())))

    def of(self, credential: Credential, revoked: float | None = None) -> Certificate:
        """
        A certificate and its key, made or renewed where need be.

        Args:
            credential: what it is to be
            revoked: before when the host's certificates count for nothing, in seconds since 1970
        """
        usages = certificates.oids(credential.usages)
        return self.leaf(credential.kept_as, credential.names, *usages, revoked=revoked)

    def leaf(
        self, name: str, names: Sequence[str], *usages: x509.ObjectIdentifier, revoked: float | None = None
    ) -> Certificate:
        """
        A certificate, made or renewed where need be.

        Args:
            name: what to keep it as
            names: DNS names and addresses that it is for, the most important first
            usages: what it may prove: who a server is (without any: that), who a client is
            revoked: before when it counts for nothing, in seconds since 1970
        """
        wanted = usages or (ExtendedKeyUsageOID.SERVER_AUTH,)
        kept = Certificate(*(self._read(f"{name}.{end}") for end in ("crt", "key")))
        if kept.key and certificates.serves(kept.certificate, self._own, names, wanted, self.renewal, revoked):
            return kept
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        certificate = (
            certificates.builder(names[0], self._own.subject, key.public_key(), now, now + self.lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(certificates.alternative_names(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(wanted), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key().public_key()),
                critical=False,
            )
            .sign(self._key(), hashes.SHA256())
        )
        self._write(f"{name}.key", certificates.pem(key))
        self._write(f"{name}.crt", certificates.text(certificate))
        return Certificate(self._read(f"{name}.crt"), self._read(f"{name}.key"))

    def vouches_for(self, text: str, credential: Credential, revoked: float | None = None) -> bool:
        """
        Whether a certificate is what a credential asks for, and has enough left.

        Args:
            text: as PEM text, with that of who signed it behind it where that is not this authority itself
            credential: what it is to be
            revoked: before when the host's certificates count for nothing, in seconds since 1970
        """
        usages = certificates.oids(credential.usages)
        return certificates.serves(text, self._own, credential.names, usages, self.renewal, revoked)

    def of_online_authority(self, names: Sequence[str], held: str | None) -> Certificate:
        """
        The certificate of the host that renews others, and its key; that is kept nowhere but there.

        Args:
            names: all names and addresses of the site: it can sign for no others
            held: the certificate whose key the host has; None where it has none

        Returns:
            The certificate, with an empty key where the host has it.
        """
        old = x509.load_pem_x509_certificate(held.encode()) if held else None
        if old and held and self._may_sign_for(old, names):
            return Certificate(held, "")
        made = None if old else ec.generate_private_key(ec.SECP384R1())
        public = old.public_key() if old else made.public_key() if made else None
        assert isinstance(public, ec.EllipticCurvePublicKey)
        now = datetime.now(UTC)
        until = min(now + LIFETIME_OF_ONLINE_AUTHORITY, self._own.not_valid_after_utc)
        builder = certificates.builder("TracSeq online authority", self._own.subject, public, now, until)
        for extension, critical in (
            *certificates.of_authority(path_length=0),
            (certificates.only(names), True),
            (x509.SubjectKeyIdentifier.from_public_key(public), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key().public_key()), False),
        ):
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(self._key(), hashes.SHA384())
        return Certificate(certificates.text(certificate), certificates.pem(made) if made else "")

    def _may_sign_for(self, certificate: x509.Certificate, names: Sequence[str]) -> bool:
        """Whether a certificate of the host that renews others is as it would be made."""
        left = certificate.not_valid_after_utc - datetime.now(UTC)
        most = self._own.not_valid_after_utc - datetime.now(UTC)
        try:
            certificate.verify_directly_issued_by(self._own)
            found = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except Exception:  # whatever is wrong with the old one, a new one is the answer
            return False
        return found == certificates.only(names) and left > min(LEAST_OF_ONLINE_AUTHORITY, most - timedelta(days=1))

    @property
    def _own(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.encode())

    def _may_have_others_sign(self) -> bool:
        constraints = self._own.extensions.get_extension_for_class(x509.BasicConstraints).value
        return bool(constraints.path_length)

    def _found(self, key: ec.EllipticCurvePrivateKey) -> None:
        name, now = "TracSeq site authority", datetime.now(UTC)
        itself, until = certificates.called(name), now + LIFETIME_OF_AUTHORITY
        builder = certificates.builder(name, itself, key.public_key(), now, until)
        for extension, critical in certificates.of_authority(path_length=1 if self.online else 0):
            builder = builder.add_extension(extension, critical)
        certificate = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        ).sign(key, hashes.SHA384())
        # The certificate first: without a key beside it, it is replaced by the next run.
        self._write("authority.crt", certificates.text(certificate))
        self._write("authority.key", certificates.pem(key))

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
    if renewal.authority(site):
        lifetime = site.data(renewal.Renewal).certificate_renewed_lifetime
        return Authority(site.authority_directory, lifetime, lifetime / renewal.PART, kept, online=True)
    shared = site.shared
    return Authority(site.authority_directory, shared.certificate_lifetime, shared.certificate_renewal, kept)
