"""
Have the gateways go back past a migration that took away what the older release uses: the migration goes first.

    pyinfra --dry inventories/production.py deploys/downgrade.py                     what it found and would do
    pyinfra inventories/production.py deploys/downgrade.py                           the release before this one
    pyinfra inventories/production.py deploys/downgrade.py --data release=3f2a9c1b    this one, or of this commit

It says which migrations go, and that what they hold will be gone, before it asks whether to go on. A
restore point comes first. Then all gateways stop, the newer release takes the migrations back (all or
none: where it cannot, the gateways come back with it), and all start with the older one. Run again it
finishes what was interrupted, and changes nothing where all is done. Data, with --data key=value:

+ release: its name as deploys/status.py shows it, or the commit that it was installed from (default:
  the one before the last change)
+ force: whether it goes on where no backup host answers (default false)
"""

from deploys.controller.releases.downgrade import begin
from deploys.roles.gateway import downgrade

downgrade.apply(begin())
