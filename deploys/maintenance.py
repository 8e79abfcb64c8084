"""
Take a host out of the site, so that it may be switched off, and put it back, while users work.

    pyinfra inventories/production.py deploys/maintenance.py --limit pg2 --data why='new disks'
    pyinfra inventories/production.py deploys/maintenance.py --limit pg2 --data back=true

It says what the host hands over, what nobody else does meanwhile and for how long it can stay out, before it
asks whether to go on; with --dry it ends there. It refuses where what remains would not work. The host stays out,
through boots and runs of deploys/site.py, until it is put back; that brings the whole site to what this
repository has. Run again it finishes what was interrupted, and changes nothing where all is done.
docs/operations/maintenance.md. Data, with --data key=value:

+ back: whether the host is put back (default false)
+ why: for those who see that it is out (default: planned work)
+ hours: for which nobody is told of its absence as an alert (default 4)
+ force: whether it goes on where the site is not well, or where something has no other host (default false)
"""

from pyinfra import local

from deploys.controller.maintenance import leaving, returning
from deploys.controller.maintenance.hosts import returning as comes_back
from deploys.engine.barrier import barrier
from deploys.roles import registry as roles
from deploys.roles.maintenance import leaving as maintenance
from deploys.roles.postgres import failover

if name := comes_back():
    run = returning.begin()
    if run.host.name == name:
        maintenance.may_start(run=run)
    barrier(name=f"{name} has started what was stopped on it")
    local.include("deploys/site.py")
else:
    out = leaving.begin()
    if out.change:
        failover.apply(out.change)
    maintenance.leaves(out)
    if out.of_postgres:
        # The host itself stays as it is: its server may be stopped already, and kept from starting.
        if out.run.host.name != out.name:
            roles.postgres.apply(out.run)
        barrier(name=f"No write waits for {out.name}")
    if out.run.host.name == out.name:
        maintenance.stopped(leaving=out)
