"""The lab's own machines, with Patroni in place of streaming alone; a scenario moves them there and back."""

from inventories import lab as _lab

# In the lab's order: hosts have lists of each other in it.
load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups

# A third machine has a say in who is the primary, and no data.
etcd = [*postgres, *redis]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
