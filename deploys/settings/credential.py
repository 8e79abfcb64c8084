"""A certificate by which a host is known, its key, and how what uses the two takes up new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from deploys.settings.host import SiteHost

Usage = Literal["server", "client"]
Kind = Literal["server", "client", "member"]

USAGES: dict[Kind, tuple[Usage, ...]] = {"server": ("server",), "client": ("client",), "member": ("server", "client")}
"""What each kind proves to others of the site: who a server is, who a client is, or both."""


def place(certificate: str) -> str:
    """
    Where a host keeps a certificate and its key that it renewed, also once it has no such credential any more.

    Args:
        certificate: path of the certificate
    """
    directory, _, name = certificate.rpartition("/")
    return f"{directory}/.{name.removesuffix('.crt')}"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """
    A certificate and its key, as a role has them on a host.

    Args:
        certificate: path of the certificate, which everybody may read
        key: path of the key
        kept_as: what the controller keeps it as where it makes it
        names: DNS names and addresses that it is for, the most important first
        usages: what it proves
        owner, group, mode: of the key
        restart: whether a run restarts the service for it
        take_up: command by which a host has a renewed one taken up; without one it is read anew for each connection
    """

    certificate: str
    key: str
    kept_as: str
    names: tuple[str, ...]
    usages: tuple[Usage, ...]
    owner: str = "root"
    group: str = "root"
    mode: str = "600"
    restart: bool = False
    take_up: str = ""

    @property
    def place(self) -> str:
        """Where a host keeps the two that it renewed, beside the paths, which are links into it then."""
        return place(self.certificate)

    def revoked(self, hosts: Mapping[str, float]) -> float | None:
        """
        Before when it counts for nothing, in seconds since 1970; None where it counts whenever it was made.

        What has a host's name in it is that host's, too: what a service on it shows, what load balancers share.

        Args:
            hosts: before when what a host is known by counts for nothing, by its name
        """
        found = (at for whose, at in hosts.items() if any(f".{name}".endswith(f".{whose}") for name in self.names))
        return max(found, default=None)


def of_host(
    host: SiteHost,
    kind: Kind,
    directory: str,
    *,
    owner: str = "root",
    group: str = "root",
    mode: str = "600",
    restart: bool = False,
    take_up: str = "",
) -> Credential:
    """
    By which a host itself is known: of a client by its name alone, so that nobody takes it for a server.

    Args:
        host: the host
        kind: what it proves
        directory: where the two files are
        owner, group, mode, restart, take_up: as of a Credential
    """
    return Credential(
        certificate=f"{directory}/{kind}.crt",
        key=f"{directory}/{kind}.key",
        kept_as=host.name if kind == "server" else f"{host.name}-{kind}",
        names=(host.name,) if kind == "client" else (host.name, *host.addresses),
        usages=USAGES[kind],
        owner=owner,
        group=group,
        mode=mode,
        restart=restart,
        take_up=take_up,
    )
