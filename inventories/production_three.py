"""
The cheapest site without a single point of failure: three machines, each of which is everything.

    make deploy INVENTORY=inventories/production_three.py

Any one of them may vanish: the address that users know moves, a replica of Postgres is promoted, and so is one of
Redis. Each needs the memory and the disk of all its parts. What each value means is explained in
inventories/production.py; secrets are in .env.production.
"""


def host(name, address, address6=None, **more):
    """A host of the site; see inventories/production.py."""
    return name, {"ssh_hostname": address, "address": address, "address6": address6, **more}


_machines = [
    host("node1", "10.0.0.11"),
    host("node2", "10.0.0.12"),
    host("node3", "10.0.0.13"),
]

load_balancers = _machines
gateways = _machines
postgres = _machines
redis = _machines
etcd = _machines

# Whoever takes over this machine could delete both data and backups: a second place outside of the three has them too.
backups = [_machines[2]]
