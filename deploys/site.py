"""
The site: bare Debian hosts become the TracSeq platform, and running it again changes nothing.

    pyinfra inventories/production.py deploys/site.py

One line per role, in the order of the site. A role goes on once the roles that it comes after are
ready; roles that have nothing to do with each other go side by side. Data, with --data key=value:

+ phase: how far it is deployed, 1 (core), 2 (enhanced), 3 (monitoring) or 4 (hardening): each phase is
  checked before the next begins (default: all of it, and nothing is checked in between)
"""

from deploys.controller.phases import passing as phases
from deploys.controller.run import begin
from deploys.engine import reading
from deploys.roles import registry as roles

run = begin()

reading.everything(name="Every host is read, all its roles at once")
roles.monitoring.check(run)

roles.base.apply(run)
roles.kernel.apply(run)
roles.ssh.apply(run)
roles.firewall.apply(run)
roles.needrestart.apply(run)

roles.witness.apply(run)
roles.etcd.apply(run)
roles.patroni.apply(run)
roles.postgres.apply(run)
roles.pool.apply(run)
roles.backup_server.apply(run)
roles.sentinel.apply(run)
roles.redis.apply(run)
roles.backup_state.apply(run)
roles.restore.apply(run)
roles.backup.apply(run)
roles.guard.apply(run)
roles.services.apply(run)
phases.passed(run, 1)

roles.gateway.apply(run)
roles.services.finish(run)
roles.guard.finish(run)
roles.pool.finish(run)
roles.load_balancer.apply(run)
roles.virtual_address.apply(run)
roles.gateway.finish(run)
roles.load_balancer.finish(run)
roles.acme.apply(run)
roles.maintenance.apply(run)
phases.passed(run, 2)

roles.log_host.apply(run)
roles.journal.apply(run)
roles.exporters.apply(run)
roles.monitoring.apply(run)
roles.pages.apply(run)
roles.grafana.apply(run)
phases.passed(run, 3)

roles.dead_mans_switch.apply(run)
roles.certificate_authority.apply(run)
roles.renewal.apply(run)
roles.firewall.finish(run)
phases.passed(run, 4)
