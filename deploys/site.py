"""
The site: bare Debian hosts become the TracSeq platform, and running it again changes nothing.

    pyinfra inventories/production.py deploys/site.py
"""

from pyinfra import host as this

from deploys.controller import authority as certificates
from deploys.operations.barrier import barrier
from deploys.roles import base, gateway, kernel, load_balancer, preflight, redis
from deploys.settings.site import load

site = load()
machines = preflight.sound(site)
authority = certificates.of(site.authority_directory, site.all.certificate_lifetime, site.all.certificate_renewal)
host, machine = site.host(this.name), machines[this.name]

base.apply(site, host)
kernel.apply(host)

barrier(name="Every host is ready for its role")

if "redis" in host.groups:
    redis.apply(site, host)

barrier(name="The gateways have what they need")

if "gateways" in host.groups:
    gateway.apply(site, host, machine, authority.certificate)

barrier(name="The gateways are healthy")

if "load_balancers" in host.groups:
    load_balancer.apply(site, host, machine, authority)
