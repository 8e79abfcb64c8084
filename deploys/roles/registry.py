"""The roles that a host can have. A new one: its folder here, its line in this list, and its line in site.py."""

from deploys.roles.role import Role

base = Role("base")
kernel = Role("kernel")
ssh = Role("ssh")
firewall = Role("firewall")
needrestart = Role("needrestart")
witness = Role("witness")
etcd = Role("etcd")
patroni = Role("patroni")
postgres = Role("postgres")
pool = Role("pool")
backup_server = Role("backup_server")
redis = Role("redis")
backup_state = Role("backup_state")
restore = Role("restore")
backup = Role("backup")
services = Role("services")
gateway = Role("gateway")
load_balancer = Role("load_balancer")
virtual_address = Role("virtual_address")
log_host = Role("log_host")
journal = Role("journal")
exporters = Role("exporters")
monitoring = Role("monitoring")
pages = Role("pages")
dead_mans_switch = Role("dead_mans_switch")
certificate_authority = Role("certificate_authority")
renewal = Role("renewal")

ROLES = tuple(value for value in list(globals().values()) if isinstance(value, Role))
"""All of them, in the order above."""
