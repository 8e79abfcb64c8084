"""Where the journals of all hosts go: what the hosts that send them and the one that keeps them agree on."""

from __future__ import annotations

from deploys.settings.data import Data, value
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import Duration, Port, Size

GROUP = "logs"
CREDENTIALS = "/etc/tracseq/journal"
"""Where a host keeps the certificate with which it sends its journal."""
KEPT = "/var/log/tracseq"
"""Where the log host keeps journals: a directory a host."""


class LogsOfAll(Data):
    """group_data/all.py"""

    logs_port: Port = value("port of the log host, at which every host hands over its journal", "journal-remote")
    logs_url: str | None = value(
        "where every host sends its journal instead of to a log host of the site; None: to that, if there is one",
        pattern=r"^https?://[^\s\"'%\\]+$",
    )


class Logs(Data):
    """group_data/logs.py"""

    logs_size: Size = value("what the logs of one host may take on the log host, beside 128 MB that are being written")
    logs_retention: Duration = value("how long logs are kept there")


WEEK = 7 * 86400
FILES = 12
"""Of how many files what is kept of a host consists at least: one goes as a whole, once its first line is too old."""


def rotation(retention: float) -> int:
    """Seconds after which a receiver begins a new file."""
    return max(1, min(WEEK, int(retention) // FILES))


def keeper(site: Site) -> SiteHost | None:
    """The log host; None where the site has none."""
    return next(iter(site.group(GROUP)), None)


def destination(site: Site) -> tuple[str, str] | None:
    """What the place is called to which hosts send their journals, and its URL; None where there is none."""
    shared, host = site.data(LogsOfAll), keeper(site)
    if shared.logs_url:
        return "elsewhere", shared.logs_url
    return (host.name, f"https://{host.name}:{shared.logs_port}") if host else None
