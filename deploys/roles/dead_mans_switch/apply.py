"""A timer that asks every monitoring host whether it still hears from Prometheus."""

from __future__ import annotations

import json

from pyinfra.api import deploy

from deploys.controller import alerts, exporters, files
from deploys.controller.alerts import Monitoring
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.dead_mans_switch.declaration import DIRECTORY, NAME
from deploys.roles.dead_mans_switch.remove import PROGRAM, remove

MINUTE = 60


def apply(run: Run) -> None:
    """Have the load balancers watch over monitoring, where the site has both."""
    if run.site.group("monitoring") and "load_balancers" in run.host.groups:
        watch(run=run)
    elif "dead_mans_switch" in run.machine.roles:
        remove(run=run)


@deploy("Dead man's switch")
def watch(run: Run) -> None:
    """Have a timer, and what it starts."""
    monitoring = run.site.group("monitoring")
    after = int(monitoring[0].data(Monitoring).dead_mans_switch_after)
    own = run.authority.of_client(run.host)
    settings = {
        "site": run.site.shared.environment,
        "host": run.host.name,
        "ask": [f"{one.name}:{run.site.shared.metrics_port}" for one in monitoring],
        "path": exporters.path("alertmanager"),
        "after": after,
        "repeat": int(monitoring[0].data(Monitoring).alert_repeat_interval),
        "mail": alerts.mail(run.site),
        "webhooks": alerts.webhooks(run.site),
    }
    unit = render("dead_mans_switch/service.j2", program=PROGRAM, directory=DIRECTORY)
    timer = render("dead_mans_switch/timer.j2", every=max(1, min(MINUTE, after // 5)))
    service.configured(
        name="It asks the monitoring hosts",
        unit=Unit(f"{NAME}.timer"),
        files=[
            File(f"{DIRECTORY}/settings.json", json.dumps(settings, indent=1) + "\n", mode="600", secret=True),
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate),
            File(f"{DIRECTORY}/client.crt", own.certificate),
            File(f"{DIRECTORY}/client.key", own.key, mode="600", secret=True),
            File(PROGRAM, files.read("dead_mans_switch/tracseq_dead_mans_switch.py")),
            File(f"{UNITS}/{NAME}.service", unit),
            File(f"{UNITS}/{NAME}.timer", timer, restart=True),
        ],
    )
