"""The smallest site: one machine that is everything, and a replica, on the newest Debian we support."""

from deploys.settings import lab as _lab

_all_in_one = _lab.host("one1", 71, "trixie")
_follower = _lab.host("two1", 72, "trixie")

load_balancers = [_all_in_one]
gateways = [_all_in_one]
postgres = [_all_in_one, _follower]
redis = [_all_in_one]
backups = [_follower]

# What every machine of the lab is given, in group_data/lab.py, is theirs too.
lab = [_all_in_one, _follower]
