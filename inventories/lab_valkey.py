"""The lab with three machines of Debian 13 and Valkey in place of its Redis; a scenario brings and removes them."""

from deploys.settings import lab as _settings
from inventories import lab as _lab

load_balancers = _lab.load_balancers
gateways = _lab.gateways
postgres = _lab.postgres
redis = [_settings.host(f"valkey{number}", 43 + number, "trixie") for number in (1, 2, 3)]
backups = _lab.backups

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis, *backups]
