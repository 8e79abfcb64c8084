"""The lab's own machines, of which one renews the certificates of all; a scenario has it so, and undoes it."""

from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
