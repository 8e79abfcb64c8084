"""Every load balancer of a site with monitoring: it notices when that falls silent, and tells people."""

from __future__ import annotations

from deploys.settings.declaration import Declaration
from deploys.settings.rule import Rule

NAME = "tracseq-dead-mans-switch"

DECLARATION = Declaration(
    title="Dead man's switch",
    phase=4,
    packages=("python3",),
    rules=(
        Rule(source="load_balancers", destination="monitoring", ports=("metrics_port",)),
        Rule(source="load_balancers", destination="anywhere", ports=("alert_mail_port",)),
    ),
    traces=(f"/etc/systemd/system/{NAME}.timer",),
)
