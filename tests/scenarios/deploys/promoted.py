"""
A run during which another server becomes the primary: it can ask who is who once more.

+ lab_old: the primary, which is stopped
+ lab_new: the replica, which is promoted
"""

from pyinfra import host, logger

from deploys.controller.run import begin
from tests import lab
from tests.scenarios.postgres import UNIT


def _promoted() -> str:
    before = run.topology.primary
    lab.ssh(host.data.lab_old, f"systemctl stop {UNIT}")
    lab.ssh(host.data.lab_new, "cd /; runuser -u postgres -- psql -XAtqc 'select pg_promote()'")
    return f"{before} was the primary, and {run.with_topology_read_anew().topology.primary} is it now"


run = begin()
# Once per run, though the deploy is loaded for every host.
if host.name == run.site.hosts[0].name:
    logger.info(_promoted())
