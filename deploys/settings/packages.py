"""The Debian packages of each role, by the names that both Debian 12 and 13 give them."""

from __future__ import annotations

from collections.abc import Iterable

BASE = (
    "ca-certificates",
    "chrony",
    "curl",
    "openssh-server",
    "unattended-upgrades",
)
KERNEL = ("kmod", "procps")
FIREWALL = ("iptables", "ufw")
POSTGRES = ("postgresql",)
REDIS = ("redis-server",)
GATEWAY = ("python3", "python3-venv")
LOAD_BALANCER = ("nginx",)

OF_GROUP = {
    "postgres": POSTGRES,
    "redis": REDIS,
    "gateways": GATEWAY,
    "load_balancers": LOAD_BALANCER,
}
OF_EVERY_HOST = (*BASE, *KERNEL, *FIREWALL)
ALL = (*OF_EVERY_HOST, *POSTGRES, *REDIS, *GATEWAY, *LOAD_BALANCER)


def of_host(groups: Iterable[str]) -> tuple[str, ...]:
    """All that a host of these groups needs, so that one run of apt brings it."""
    wanted = dict.fromkeys(OF_EVERY_HOST)
    for group in sorted(groups):
        wanted |= dict.fromkeys(OF_GROUP.get(group, ()))
    return tuple(wanted)
