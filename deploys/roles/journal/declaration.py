"""Every host of a site with a log host: it sends its journal there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from deploys.controller.logs import CREDENTIALS, GROUP, LogsOfAll, destination
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

NAME = "tracseq-journal-upload"
WATCH = "tracseq-journal-sent"


def problems(site: Site) -> Iterator[str]:
    """Journals that would not arrive."""
    url = site.data(LogsOfAll).logs_url
    if url is None:
        return
    if keepers := site.group(GROUP):
        yield (
            f"logs_url (in group_data/all.py) sends all journals elsewhere, and {keepers[0].name} is in the group "
            f"{GROUP}: it would get none. Take out one of the two."
        )
    try:
        port = urlsplit(url).port
    except ValueError:
        yield f"logs_url (in group_data/all.py) has no port that there is: {url}"
        return
    if port not in (None, 80, 443) and not any(port in rule.ports for rule in site.rules):
        yield (
            f"logs_url (in group_data/all.py) is at port {port}, to which the firewall lets nobody: give all a rule "
            "in firewall_extra_rules."
        )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it sends its journal; it goes on where it was."""
    if destination(site):
        yield of_host(host, "client", CREDENTIALS, restart=True, take_up=f"systemctl try-restart {NAME}.service")


DECLARATION = Declaration(
    title="Journal",
    phase=3,
    shared=LogsOfAll,
    packages_by_data=("systemd-journal-remote",),
    rules=(Rule(source="all", destination=GROUP, ports=("logs_port",)),),
    traces=(f"/etc/systemd/system/{NAME}.service",),
    credentials=credentials,
    problems=problems,
)
