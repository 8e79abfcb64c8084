"""The log host."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller.logs import GROUP, Logs
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

DIRECTORY = "/etc/tracseq/logs"
"""Where the log host keeps the certificate with which it answers."""
FRONT = "tracseq-journal-front"
RECEIVERS = "tracseq-journals.target"


def problems(site: Site) -> Iterator[str]:
    """More than one log host: each host sends its journal to one."""
    if len(hosts := site.group(GROUP)) > 1:
        yield (
            f"{' and '.join(host.name for host in hosts)} are in the group {GROUP}: every host sends its journal to "
            "one log host, and keeps it as well. Leave one of them in it."
        )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it answers the hosts; each sends again what it had no answer for."""
    yield of_host(host, "server", DIRECTORY, restart=True, take_up=f"systemctl try-restart {FRONT}.service")


DECLARATION = Declaration(
    title="Log host",
    phase=3,
    group=GROUP,
    required=False,
    model=Logs,
    packages=("systemd-journal-remote", "nginx", "python3"),
    listeners=(Listener("logs_port", ("nginx",)),),
    traces=(f"/etc/systemd/system/{FRONT}.service",),
    units=(f"{FRONT}.service", RECEIVERS),
    credentials=credentials,
    problems=problems,
)
