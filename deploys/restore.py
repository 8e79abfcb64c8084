"""
Go back: restore the cluster beside the one that runs, look at it, and switch to it.

    pyinfra inventories/production.py deploys/restore.py --data to_time='2026-11-23 14:00:00+01:00'
    pyinfra inventories/production.py deploys/restore.py --data switch=true

The first makes it and changes nothing else; without a time or a point it goes back to all that is
archived. The second says how many rows each table has then and now before it asks whether to go on.
Only Postgres and backup hosts are connected to. Data, with --data key=value:

+ to_time: the moment, with its zone
+ to_point: or the name of a restore point (deploys/restore_point.py)
+ to_timeline: the timeline whose history is followed (default the newest): back to what a restore left
+ to: the host that is to have it (default the primary's)
+ switch: whether the restored cluster takes the place of the one that runs (default false)
"""

from deploys.controller.restore import begin
from deploys.roles import registry as roles
from deploys.roles.restore import beside, switch

restore = begin()

beside.apply(restore)
switch.apply(restore)
if restore.switches:
    roles.postgres.apply(restore.run)
    switch.backed_up(restore)
