"""
Install the security updates, and boot the hosts that wait for a boot, one after the other, while the site works.

    pyinfra inventories/production.py deploys/upgrade.py
    pyinfra inventories/production.py deploys/upgrade.py --data reboot=true     boots every host

It says in which order, and what nobody else does while a host is away, before it asks whether to go on; with
--dry it ends there. Load balancers leave a gateway out before its turn, the primary hands over to a replica
before its own, which is the last, and of load balancers that share an address the one that has it comes last. A
host has its turn once the one before it is back, and deploys/status.py finds nothing wrong that it did not before.
Run again it goes on with those that still wait; it looks at the whole site, and takes no --limit.
Data, with --data key=value:

+ reboot: whether every host is booted, also those that wait for no boot, or have been (default false)
+ force: whether it goes on although the site is not well (default false)
"""

from deploys.controller.upkeep import turns
from deploys.controller.upkeep.upgrade import begin
from deploys.roles import registry as roles
from deploys.roles.gateway import rollback
from deploys.roles.postgres import failover

upgrade = begin()

if "load_balancers" in upgrade.run.host.groups:
    rollback.even(run=upgrade.run)
turns.taken(upgrade, upgrade.before)
if upgrade.change:
    failover.apply(upgrade.change)
    roles.postgres.apply(upgrade.change.run)
turns.taken(upgrade, upgrade.after)
