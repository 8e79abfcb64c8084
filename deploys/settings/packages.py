"""The Debian packages of each role, by the names that both Debian 12 and 13 give them."""

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

ALL = (*BASE, *KERNEL, *FIREWALL, *POSTGRES, *REDIS, *GATEWAY, *LOAD_BALANCER)
