"""
Have former primaries come back as replicas. Only the Postgres hosts are connected to, as far as they answer.

    pyinfra inventories/production.py deploys/rejoin.py                        every former primary
    pyinfra inventories/production.py deploys/rejoin.py --data former=pg1      this one

It says what it found, what only a former primary has, and what it will do and needs, before it asks
whether to go on; with --dry it ends there. What only a former primary has leaves the cluster and is
kept aside: its data directory stays as it is, under another name beside its place. Run again it
finishes what was interrupted, and changes nothing where all is done. Data, with --data key=value:

+ former: the host that comes back (default: every former primary that is reached)
+ anew: whether it is copied anew although pg_rewind could do it (default false)
"""

from deploys.controller.postgres.rejoining import begin
from deploys.roles import registry as roles
from deploys.roles.postgres import rejoin as role

rejoin = begin()

roles.postgres.apply(rejoin.meanwhile)
role.apply(rejoin)
roles.postgres.apply(rejoin.run)
