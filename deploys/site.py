"""
The site: bare Debian hosts become the TracSeq platform, and running it again changes nothing.

    pyinfra inventories/production.py deploys/site.py
"""

from pyinfra import config
from pyinfra import host as this

from deploys.controller import authority as certificates
from deploys.controller import timings
from deploys.operations import reading
from deploys.operations.barrier import barrier
from deploys.roles import base, firewall, gateway, kernel, load_balancer, postgres, preflight, redis, ssh
from deploys.settings.site import load

site = load()
config.PARALLEL = site.all.batch or config.PARALLEL
timings.told(site)
postgres.asked(site)  # while preflight looks at the hosts; topology() waits for the answers
machines = preflight.sound(site)
topology = postgres.topology(site)
authority = certificates.of(site)

host = site.host(this.name)
machine = machines[host.name]

reading.everything(name="Every host is read, all its roles at once")

base.apply(site=site, host=host, authority=authority)
kernel.apply(host=host)
ssh.apply(site=site, host=host)
firewall.apply(site=site, host=host)

# Every host runs the operations above, so all are ready before any has a role.

if host.name in topology.replicas:
    postgres.ahead(site=site, host=host, topology=topology, authority=authority)

if "postgres" in host.groups:
    barrier(name="Replicas are ready for what their primary takes up")

if host.name == topology.primary:
    postgres.primary(site=site, host=host, topology=topology, authority=authority)

if "redis" in host.groups:
    redis.apply(site=site, host=host)

if "postgres" in host.groups:
    barrier(name="The primary is up")

if host.name in topology.replicas:
    postgres.replica(site=site, host=host, topology=topology, authority=authority)

if host.groups & {"postgres", "redis", "gateways"}:
    barrier(name="The gateways have what they need")

if "gateways" in host.groups:
    gateway.apply(site=site, host=host, machine=machine, primary=topology.primary)

if host.groups & {"gateways", "load_balancers"}:
    barrier(name="The gateways are healthy")

if "load_balancers" in host.groups:
    load_balancer.apply(site=site, host=host, machine=machine, authority=authority)
