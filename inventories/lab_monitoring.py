"""The lab's own machines, and two that watch over them, one of each Debian; a scenario brings and removes them."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups
monitoring = [_settings.host("mon1", 81, "bookworm"), _settings.host("mon2", 82, "trixie")]
# One of them has everybody's logs, too.
logs = monitoring[:1]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups, *monitoring]
