"""
A run that has a host's Postgres away for longer than the rules wait, on purpose.

+ lab_away: the host
+ lab_seconds: for how long
"""

from pyinfra import host

from deploys.controller.run import begin
from deploys.operations import system
from deploys.operations.file_set import File
from tests.scenarios.postgres import UNIT

run = begin()
if host.name == host.data.lab_away:
    system.configured(
        name="Postgres is away",
        key="away",
        files=[File("/run/away", f"{host.data.lab_seconds}\n")],
        apply=f"systemctl stop {UNIT}; sleep {host.data.lab_seconds}; systemctl start {UNIT}",
    )
