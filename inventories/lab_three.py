"""The cheapest site without a single point of failure, in the lab: three machines, each of which is everything."""

from deploys.settings import lab as _lab

_machines = [_lab.host(f"three{number}", 72 + number, "trixie") for number in (1, 2, 3)]

load_balancers = _machines
gateways = _machines
postgres = _machines
redis = _machines
etcd = _machines
backups = [_machines[2]]

# What every machine of the lab is given, in group_data/lab.py, is theirs too.
lab = _machines
