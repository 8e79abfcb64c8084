"""
Revoke what a host of the site is known by, such as one that was stolen. Hosts that do not answer are left out.

    pyinfra inventories/production.py deploys/revoke.py --data host=gw2
    pyinfra inventories/production.py deploys/revoke.py --data host=gw2 --data undo=true

From then on no host sends anything to its addresses, so that nothing of the site answers it, whether it asks for
certificates or not; and the site's online authority renews none of its certificates. docs/operations/certificates.md.
Data, with --data key=value:

+ host: its name
+ undo: whether hosts send to its addresses again; its old certificates are not renewed all the same (default false)
"""

from deploys.controller.revocation import begin
from deploys.roles.certificate_authority import revoke

revoke.apply(revocation=begin())
