"""The lab: a whole site of small machines on this one. `make lab` starts it and deploys on it."""

from deploys.settings import lab

load_balancers = [lab.host("lb1", 11)]
gateways = [lab.host("gw1", 21), lab.host("gw2", 22), lab.host("gw3", 23)]
postgres = [lab.host("pg1", 31), lab.host("pg2", 32)]
redis = [lab.host("redis1", 41)]
backups = [lab.host("backup1", 51)]

# A machine on the same network that is no part of the site: pyinfra leaves out names with an
# underscore. It stands for the platform's services, and for everybody who must not get in.
_outside = [lab.host("outsider1", 61)]
