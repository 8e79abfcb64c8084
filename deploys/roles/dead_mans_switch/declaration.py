"""Every load balancer of a site with monitoring: it notices when that falls silent, and tells people."""

from __future__ import annotations

from collections.abc import Iterator

from deploys.controller.alerts import SWITCH, watched
from deploys.settings.credential import Credential, of_host
from deploys.settings.declaration import Declaration
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.site import Site

NAME = "tracseq-dead-mans-switch"
MINUTE = 60


def every(after: int) -> int:
    """Seconds from one look to the next."""
    return max(1, min(MINUTE, after // 5))


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """With which it asks the monitoring hosts, read each time."""
    if watched(site, host):
        yield of_host(host, "client", SWITCH)


DECLARATION = Declaration(
    title="Dead man's switch",
    phase=4,
    packages=("python3",),
    rules=(
        Rule(source="load_balancers", destination="monitoring", ports=("metrics_port",)),
        Rule(source="load_balancers", destination="anywhere", ports=("alert_mail_port",)),
    ),
    traces=(f"/etc/systemd/system/{NAME}.timer",),
    credentials=credentials,
)
