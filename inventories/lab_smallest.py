"""The smallest site: one machine that is everything, and a replica, on the newest Debian we support."""

from deploys.settings import lab

_all_in_one = lab.host("one1", 71, "trixie")

load_balancers = [_all_in_one]
gateways = [_all_in_one]
postgres = [_all_in_one, lab.host("two1", 72, "trixie")]
redis = [_all_in_one]
