"""What the instances of services are called on a host, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploys.controller.authority import AUTHORITY_FILE
from deploys.settings.catalogue import group, own
from deploys.settings.host import SiteHost
from deploys.settings.service import Service
from deploys.settings.site import Site

DIRECTORY = "/opt/tracseq/services"
ENVIRONMENTS = "/etc/tracseq/services"
PREFIX = "tracseq-service-"


@dataclass(frozen=True)
class Instance:
    """One instance of a service on a host."""

    name: str
    """Of the service."""
    service: Service
    port: int

    @property
    def unit(self) -> str:
        return f"{PREFIX}{self.name}-{self.port}.service"

    @property
    def socket(self) -> str | None:
        """The unit that holds its port; None where the service opens it itself."""
        return f"{PREFIX}{self.name}-{self.port}.socket" if self.service.socket else None

    @property
    def directory(self) -> str:
        """Where the releases of its service are."""
        return f"{DIRECTORY}/{self.name}"

    @property
    def link(self) -> str:
        """What points to the release that it runs."""
        return f"{self.directory}/{self.port}"

    @property
    def environment(self) -> str:
        """The file with its variables."""
        return f"{ENVIRONMENTS}/{self.name}-{self.port}.env"

    @property
    def certificate(self) -> str:
        """The file with the certificate that it shows to guards of others."""
        return f"{ENVIRONMENTS}/{self.name}-{self.port}.crt"

    @property
    def key(self) -> str:
        """The file with the key of that."""
        return f"{ENVIRONMENTS}/{self.name}-{self.port}.key"

    @property
    def credentials(self) -> str:
        """Where it finds the two itself, and nobody else does (systemd.exec(5), LoadCredential=)."""
        return f"/run/credentials/{self.unit}"

    def shown(self, prefix: str) -> dict[str, str]:
        """
        The variables that say what it trusts, and what it shows, where both ends are to be known.

        Args:
            prefix: how their names begin
        """
        return {
            f"{prefix}_CA": AUTHORITY_FILE,
            f"{prefix}_CERTIFICATE": f"{self.credentials}/client.crt",
            f"{prefix}_KEY": f"{self.credentials}/client.key",
        }

    @property
    def user(self) -> str:
        """Whom it runs as, and what its directory below /var/lib is called."""
        return f"{PREFIX}{self.name}"


def of_host(site: Site, host: SiteHost) -> Iterator[Instance]:
    """The instances that a host runs."""
    for name, service in own(site.shared).items():
        if group(name) in host.groups:
            for port in service.own_ports:
                yield Instance(name, service, port)
