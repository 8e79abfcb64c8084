"""Monitoring hosts: pages of what they measure, for those who administrate the site."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller.passwords import LONGEST
from deploys.settings.credential import Credential, of_host
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site
from deploys.settings.units import Name, Port

DIRECTORY = "/etc/tracseq-pages"
PASSWORD = "PAGES_PASSWORD"
NAME = "tracseq-pages"
UNIT = f"{NAME}.service"


class Pages(Data):
    """group_data/all.py"""

    pages_port: Port | None = value(
        "port of the pages of monitoring hosts, for administrators; None: there are none", ge=1024
    )
    pages_user: Name = value("who logs in there, with PAGES_PASSWORD")


def problems(site: Site) -> Iterator[str]:
    """A password of which only a part would count."""
    if PASSWORD in site.secrets and len(site.secret(PASSWORD)) > LONGEST:
        file = f".env.{site.shared.environment}"
        yield f"{file}: {PASSWORD} has more than {LONGEST} characters, and the rest would not count."


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which they are shown to administrators."""
    if site.data(Pages).pages_port:
        yield of_host(host, "server", DIRECTORY, restart=True, take_up=f"systemctl try-restart {UNIT}")


DECLARATION = Declaration(
    title="Pages",
    phase=3,
    group="monitoring",
    required=False,
    shared=Pages,
    packages=("libjs-dygraphs", "nginx"),
    listeners=(Listener("pages_port", ("nginx",)),),
    rules=(Rule(source="administrators", destination="monitoring", ports=("pages_port",)),),
    secrets={PASSWORD: 20},
    traces=(f"/etc/systemd/system/{UNIT}",),
    credentials=credentials,
    problems=problems,
)
