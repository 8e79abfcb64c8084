"""The lab's own machines, and two more with Redis: three that fail over; a scenario brings and removes them."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = [*_lab.redis, _settings.host("redis2", 42), _settings.host("redis3", 43)]
backups = _lab.backups

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
