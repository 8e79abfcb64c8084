"""The lab with its logs on the other of the two machines of lab_logs.py."""

from inventories import lab_logs as _before

load_balancers = _before.load_balancers
gateways = _before.gateways
postgres = _before.postgres
redis = _before.redis
backups = _before.backups
logs = _before.others
others = _before.logs

# For what group_data/lab.py says.
lab = _before.lab
