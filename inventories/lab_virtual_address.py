"""The lab's own machines, and a second load balancer of the other Debian; a scenario brings and removes it."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = [*_lab.load_balancers, _settings.host("lb2", 12, "trixie")]
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
