"""The site that `make bench` measures: eight machines of the lab's kind, beside those of the lab itself."""

from deploys.settings.lab import host

load_balancers = [host("benchlb1", 81)]
gateways = [host("benchgw1", 82), host("benchgw2", 83), host("benchgw3", 84), host("benchgw4", 85)]
postgres = [host("benchpg1", 86), host("benchpg2", 87)]
redis = [host("benchredis1", 88)]

# For what group_data/lab.py says.
lab = [*load_balancers, *gateways, *postgres, *redis]

bench = (lab, {"postgres_first_primary": "benchpg1", "authority_directory": ".state/bench/authority"})
