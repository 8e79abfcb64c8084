"""A timer that asks every monitoring host whether it still hears from Prometheus."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pyinfra.api import deploy

from deploys.controller import alerts, credentials, exporters, files
from deploys.controller.alerts import SWITCH, Monitoring
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.maintenance import DIRECTORY, MOMENT
from deploys.facts.restore import LIBRARY
from deploys.operations import service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.dead_mans_switch.declaration import NAME, every
from deploys.roles.dead_mans_switch.remove import MODULES, PROGRAM, remove
from deploys.settings.host import SiteHost


def apply(run: Run) -> None:
    """Have the load balancers watch over monitoring, where the site has both."""
    if others := alerts.watched(run.site, run.host):
        watch(run=run, others=others)
    elif "dead_mans_switch" in run.machine.roles:
        remove(run=run)


@deploy("Dead man's switch")
def watch(run: Run, others: Sequence[SiteHost]) -> None:
    """Have a timer, and what it starts."""
    data = others[0].data(Monitoring)
    after = int(data.dead_mans_switch_after)
    settings = {
        "site": run.site.shared.environment,
        "host": run.host.name,
        "ask": [f"{one.name}:{run.site.shared.metrics_port}" for one in others],
        "path": exporters.path("alertmanager"),
        "after": after,
        "repeat": int(data.alert_repeat_interval),
        "mail": alerts.mail(run.site),
        "webhooks": alerts.webhooks(run.site),
        # Which hosts are out for maintenance, and how that says until when.
        "notes": DIRECTORY,
        "moment": MOMENT,
    }
    unit = render("dead_mans_switch/service.j2", program=PROGRAM, directory=SWITCH)
    timer = render("dead_mans_switch/timer.j2", every=every(after))
    service.configured(
        name="It asks the monitoring hosts",
        unit=Unit(f"{NAME}.timer"),
        files=[
            File(f"{SWITCH}/settings.json", json.dumps(settings, indent=1) + "\n", mode="600", secret=True),
            File(f"{SWITCH}/authority.crt", run.authority.certificate),
            *credentials.files(run, f"{SWITCH}/client.crt"),
            *(File(f"{LIBRARY}/{module}", files.read(f"dead_mans_switch/{module}")) for module in MODULES),
            File(f"{UNITS}/{NAME}.service", unit),
            File(f"{UNITS}/{NAME}.timer", timer, restart=True),
        ],
    )
