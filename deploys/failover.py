"""
Change the primary of the Postgres servers. Only they are connected to, and those that do not answer are left out.

    pyinfra inventories/production.py deploys/failover.py --data to=pg2        planned: nothing is lost
    pyinfra inventories/production.py deploys/failover.py --data force=true    the primary is gone

It says what it found, what it will do and what that may cost before it asks whether to go on; with
--dry it ends there. Run again it finishes what was interrupted, and changes nothing where all is
done. Data, with --data key=value:

+ to: the host that is to be the primary (default, with force: the replica that has the most WAL)
+ force: whether what only a vanished primary has may be lost (default false)
"""

from deploys.controller.postgres.change import begin
from deploys.roles import registry as roles
from deploys.roles.postgres import failover

change = begin()

failover.apply(change)
roles.postgres.apply(change.run)
