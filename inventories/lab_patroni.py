"""The lab's own machines, with Patroni in place of streaming alone; a scenario moves them there and back."""

from inventories.lab import backups, gateways, load_balancers, postgres, redis

__all__ = ["backups", "etcd", "gateways", "lab", "load_balancers", "postgres", "redis"]

# A third machine has a say in who is the primary, and no data.
etcd = [*postgres, redis[0]]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
