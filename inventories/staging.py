"""
A site to try things on before production: the same roles, on fewer machines.

    make deploy INVENTORY=inventories/staging.py

One host may have several roles: here the gateways share theirs with Redis and the replica. What
each value means is explained in inventories/production.py; secrets are in .env.staging.
"""


def host(name, address, address6=None, **more):
    """A host of the site; see inventories/production.py."""
    return name, {"ssh_hostname": address, "address": address, "address6": address6, **more}


_lb1 = host("lb1", "10.1.0.11")
_app1 = host("app1", "10.1.0.21")
_app2 = host("app2", "10.1.0.22")
_app3 = host("app3", "10.1.0.23")
_db1 = host("db1", "10.1.0.31")

load_balancers = [_lb1]
gateways = [_app1, _app2, _app3]
postgres = [_db1, _app3]
redis = [_app1]
