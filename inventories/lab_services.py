"""The lab's own machines, and two that run services, one of each Debian; a scenario brings and removes them."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = _lab.redis
backups = _lab.backups

# They are in no group but the lab's: the catalogue in group_data/lab_services.py names them.
_services = [_settings.host("svc1", 91, "bookworm"), _settings.host("svc2", 92, "trixie")]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups, *_services]
