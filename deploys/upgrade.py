"""
Install the security updates, and boot the hosts that wait for a boot, one after the other, while the site works.

    pyinfra inventories/production.py deploys/upgrade.py
    pyinfra inventories/production.py deploys/upgrade.py --data reboot=true     boots every host

It says in which order, and what nobody else does while a host is away, before it asks whether to go on; with
--dry it ends there. Load balancers leave a gateway out before its turn, the primary hands over to a replica
before its own, and the load balancer that has a shared address comes last. A host has its turn once the one
before it is back and all that deploys/status.py looks at is well. Run again it goes on where it ended.
Data, with --data key=value:

+ reboot: whether every host is booted, also those that wait for no boot (default false)
+ force: whether it goes on although the site is not well (default false)
"""

from deploys.controller.upkeep import turns
from deploys.controller.upkeep.upgrade import begin
from deploys.roles import registry as roles
from deploys.roles.postgres import failover

upgrade = begin()

turns.taken(upgrade.run, upgrade.before, upgrade.packages)
if upgrade.change:
    failover.apply(upgrade.change)
    roles.postgres.apply(upgrade.change.run)
turns.taken(upgrade.run, upgrade.after, upgrade.packages)
