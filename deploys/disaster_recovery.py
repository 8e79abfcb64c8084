"""
All machines are gone: bring up the whole site on new ones, with its data from the backups.

    pyinfra inventories/production.py deploys/disaster_recovery.py
    pyinfra inventories/production.py deploys/disaster_recovery.py --data backup_date='2026-11-23 14:00:00+01:00'

It needs this repository with the site's inventory and group_data, .env and the authority (make unkeep),
and the backups: their disk mounted on the new backup host, or a second place. It refuses hosts that have
data of anything else. Run again it finishes what was interrupted, and changes nothing where all is done.

+ backup_date: with --data, the moment that the site goes back to, with its zone (default: all that is archived)
"""

from deploys.controller.disaster_recovery import begin, result
from deploys.engine import reading
from deploys.roles import registry as roles
from deploys.roles.backup import recovery as repository
from deploys.roles.restore import everything

recovery = begin()
run = recovery.run
said = result(recovery)

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
roles.restore.apply(run)
repository.apply(recovery)
everything.apply(recovery)

roles.postgres.apply(run)
roles.pool.apply(run)
roles.backup_server.apply(run)
roles.sentinel.apply(run)
roles.redis.apply(run)
roles.backup_state.apply(run)
roles.backup.apply(run)
roles.guard.apply(run)
roles.services.apply(run)
roles.gateway.apply(run)
roles.load_balancer.apply(run)
roles.virtual_address.apply(run)
roles.acme.apply(run)
roles.maintenance.apply(run)
roles.log_host.apply(run)
roles.journal.apply(run)
roles.exporters.apply(run)
roles.monitoring.apply(run)
roles.pages.apply(run)
roles.grafana.apply(run)
roles.dead_mans_switch.apply(run)
roles.certificate_authority.apply(run)
roles.renewal.apply(run)
roles.firewall.finish(run)

everything.told(recovery, said)
