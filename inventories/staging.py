"""
A site to try things on before production: the same roles, on fewer machines.

    make deploy INVENTORY=inventories/staging.py

One host may have several roles: here the gateways share theirs with Redis and the replica. What
each value means is explained in inventories/production.py; secrets are in .env.staging.
"""


def host(name, address, address6=None, **more):
    """A host of the site; see inventories/production.py."""
    return name, {"ssh_hostname": address, "address": address, "address6": address6, **more}


lb1 = host("lb1", "10.1.0.11")
app1 = host("app1", "10.1.0.21")
app2 = host("app2", "10.1.0.22")
app3 = host("app3", "10.1.0.23")
db1 = host("db1", "10.1.0.31")

load_balancers = [lb1]
gateways = [app1, app2, app3]
postgres = [db1, app3]
redis = [app1]
