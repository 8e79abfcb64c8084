"""
Have the gateways go back to a release that they still keep. It goes on with those and the balancers that answer.

    pyinfra inventories/production.py deploys/rollback.py                            the release before this one
    pyinfra inventories/production.py deploys/rollback.py --data release=3f2a9c1b     this one, or of this commit

It says which release each gateway has and goes back to, and which migrations of the database lie in
between, before it asks whether to go on; with --dry it ends there. It goes the way of a release: one
gateway after the other, each left out by the load balancers while it changes, and put back where the
older release is not well. Run again it finishes what was interrupted, and changes nothing where all
is done. Data, with --data key=value:

+ release: its name as deploys/status.py shows it, or the commit that it was installed from (default:
  the one before the last change)
"""

from deploys.controller.releases.rollback import begin
from deploys.roles.gateway import rollback

rollback.apply(begin())
