"""Monitoring hosts: Grafana, which Debian does not have, from a package that the administrator brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from deploys.controller.services import digests
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener, Machine, OnHost
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Port

PACKAGE, UNIT = "grafana", "grafana-server.service"
DIRECTORY = "/etc/tracseq-grafana"
PASSWORD = "GRAFANA_PASSWORD"
DEPENDENCIES = ("adduser", "libfontconfig1", "musl")
"""What Grafana's package asks of Debian (`dpkg-deb --field grafana_….deb Depends`)."""
WHERE = "(in group_data/all.py, or what overrides it)"


class PackageFile(BaseModel):
    """A package in a file of this machine, known by its digest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(description="path on this machine", min_length=1)
    sha256: str = Field(description="its digest, as sha256sum prints it", pattern=r"^[0-9a-f]{64}$")


class Grafana(Data):
    """group_data/all.py"""

    grafana_port: Port | None = value(
        "port of Grafana on monitoring hosts, for administrators; None: there is none", ge=1024
    )
    grafana_package: Literal["apt"] | PackageFile = value(
        "`{file, sha256}` of its package, or `apt` where the sources of monitoring hosts have it"
    )


def problems(site: Site) -> Iterator[str]:
    """A Grafana without a password, or of which the file is another than the one that was meant."""
    data = site.data(Grafana)
    if not data.grafana_port or not site.group("monitoring"):
        return
    if PASSWORD not in site.secrets:
        yield f"grafana_port {WHERE} needs {PASSWORD} in .env.{site.shared.environment}."
    if not isinstance(data.grafana_package, PackageFile):
        for host in site.group("monitoring"):
            if host.own.packages_from == "bundle":
                yield (
                    f"grafana_package {WHERE}: {host.name} has its packages from a bundle, which has no Grafana: give "
                    "its file."
                )


def obstacles(site: Site, host: SiteHost, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """A file that is not on this machine, or is another than the one that was meant; only a deploy needs it."""
    package = site.data(Grafana).grafana_package
    if not site.data(Grafana).grafana_port or not isinstance(package, PackageFile):
        return
    try:
        found = digests.of(Path(package.file))
    except OSError as error:
        yield "grafana_package, file", f"{package.file} cannot be read here: {error.strerror}", "the package's file"
        return
    if found != package.sha256:
        yield "grafana_package, sha256", f"{package.file} has {found}", f"{package.sha256}, or the file that was meant"


def on_host(site: Site, host: SiteHost) -> OnHost:
    """Its port and unit, where it is to be."""
    if "monitoring" not in host.groups or not site.data(Grafana).grafana_port:
        return OnHost()
    return OnHost(
        (Listener("grafana_port", ("grafana",), unit=UNIT),),
        units=(UNIT,),
        packages=DEPENDENCIES,
    )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it is shown to administrators; it gets it when it starts."""
    if site.data(Grafana).grafana_port:
        yield of_host(host, "server", DIRECTORY, restart=True, take_up=f"systemctl try-restart {UNIT}")


DECLARATION = Declaration(
    title="Grafana",
    phase=3,
    group="monitoring",
    required=False,
    shared=Grafana,
    packages_by_data=DEPENDENCIES,
    rules=(Rule(source="administrators", destination="monitoring", ports=("grafana_port",)),),
    optional_secrets={PASSWORD: 12},
    traces=(f"/etc/systemd/system/{UNIT}.d/tracseq.conf",),
    on_host=on_host,
    credentials=credentials,
    problems=problems,
    obstacles=obstacles,
)
