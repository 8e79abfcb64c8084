"""The bench's site among fifty hosts: the others have what every host has, and no role."""

from deploys.settings.lab import host
from inventories.lab_bench import gateways, load_balancers, postgres, redis
from inventories.lab_bench import lab as _site

__all__ = ["bench", "gateways", "lab", "load_balancers", "others", "postgres", "redis"]

others = [host(f"bench{number}", number) for number in range(201, 243)]
lab = [*_site, *others]

bench = (lab, {"postgres_first_primary": "benchpg1", "authority_directory": ".state/bench/authority"})
