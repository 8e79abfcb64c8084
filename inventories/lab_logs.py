"""The lab's own machines, and a log host of Debian 12; one of 13 can take its place (lab_logs_moved.py)."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups
logs = [_settings.host("log1", 83, "bookworm")]
others = [_settings.host("log2", 84, "trixie")]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups, *logs, *others]
