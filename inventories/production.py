"""
The site of a laboratory: eight machines, none of which is missed for longer than half a minute.

    make preflight INVENTORY=inventories/production.py     what would stop a deploy
    make plan      INVENTORY=inventories/production.py     what a deploy would change
    make deploy    INVENTORY=inventories/production.py

Change the names and addresses to yours. Names become the hosts' own, and no DNS is needed: every
host learns the others' from here. The values that all hosts of this inventory share are in
group_data/production.py, and its secrets in .env.production (.env.example lists them).
"""


def host(name, address, address6=None, **more):
    """
    A host of the site.

    + name: its host name, also in the site's /etc/hosts
    + address, address6: how the other hosts reach it; IPv6 may be left out
    + more: values of group_data for this host alone, such as redis_memory="4GB"
    """
    return name, {"ssh_hostname": address, "address": address, "address6": address6, **more}


# nginx with TLS. Users reach the platform by the address that both share: virtual_address in group_data/production.py.
load_balancers = [
    host("lb1", "10.0.0.11"),
    host("lb2", "10.0.0.12"),
]

# The API gateway, one instance a host.
gateways = [
    host("gw1", "10.0.0.21"),
    host("gw2", "10.0.0.22"),
    host("gw3", "10.0.0.23"),
]

# Postgres. Which of them is the primary is asked of the servers; of a site without data it is
# `postgres_first_primary`. Any number may follow as replicas.
postgres = [
    host("pg1", "10.0.0.31"),
    host("pg2", "10.0.0.32"),
]

# A host may be in several groups. Redis is small, and three of them fail over: beside the gateways, who use it.
redis = [*gateways]

# Who decides which Postgres server is the primary, by majority: both of them, and a third machine without data.
etcd = [*postgres, gateways[0]]

# Backups of Postgres, on a machine that holds none of its data.
backups = [
    host("backup1", "10.0.0.51"),
]
