"""
The site: bare Debian hosts become the TracSeq platform, and running it again changes nothing.

    pyinfra inventories/production.py deploys/site.py
"""

from pyinfra import host as this

from deploys.operations.barrier import barrier
from deploys.roles import base, kernel, redis
from deploys.settings.site import load

site = load()
host = site.host(this.name)

base.apply(site, host)
kernel.apply(host)

barrier(name="Every host is ready for its role")

if "redis" in host.groups:
    redis.apply(site, host)
