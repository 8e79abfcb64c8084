"""
What all hosts of every site share. A value of a more particular group, of `production.py` and its
like, of one host in the inventory, or of --data on the command line, takes its place.

Every value is listed, with its unit and where its default comes from, in README.md.
"""

from deploys.engine.connection import connection as _connection

# --- the site ---------------------------------------------------------------------------------

# The name under which users reach the platform.
domain = "api.example.org"

# The system user and group that the platform's own programs run as.
platform_user = "tracseq"

# --- what a host must have (deployment guide, "Minimum Requirements") --------------------------

minimum_cpus = 2
minimum_memory = "3900MB"  # a machine of 4 GB shows a little less: the kernel keeps some
minimum_disk = "20GB"  # size of the root file system
minimum_disk_free = "5GB"
maximum_clock_skew = "1s"
maximum_shell_start = "100ms"

# How full a file system may be, in percent of its bytes or inodes, before deploys/status.py calls it wrong.
maximum_disk_use = 85

# --- runs --------------------------------------------------------------------------------------

# How many hosts are worked on at a time, operation by operation; None: all of them.
batch = None

# Whether a run says at its end what took the time; for one run: --data timings=true.
timings = False

# --- base --------------------------------------------------------------------------------------

# Where hosts have Debian's packages from: "mirror", one that their own apt knows; or "bundle", the file of `make
# bundle DEBS=…` that was unpacked here (`make unbundle`): docs/operations/without-internet.md.
packages_from = "mirror"

# NTP servers. Without any (no internet, no clock of your own) the hosts follow the site's first.
time_servers = ["0.debian.pool.ntp.org", "1.debian.pool.ntp.org", "2.debian.pool.ntp.org"]

# What the journal of a host may take of its disk, and for how long it is kept.
journal_size = "1GB"
journal_retention = "90d"

# Security updates are installed every night; a reboot for them is yours to choose.
automatic_reboot = False
automatic_reboot_time = "03:30"

# --- access ------------------------------------------------------------------------------------

ssh_port_of_hosts = 22

# Further lines of sshd's configuration, such as "AllowUsers deploy".
sshd_options = []

# To where sshd forwards connections (ssh -L, jump hosts), besides the pages of a monitoring host: "host:port" as sshd
# is asked for it, "*:22" on a host through which others are reached, or "any".
ssh_forwarding = []

# After a change of sshd or of the firewall a host waits this long for a new login, at most 40 s.
# If none comes, it puts the old state back within another 10 s.
confirmation_timeout = "20s"

# How connections are made: each execution would wait 40 ms for nothing without it.
ssh_paramiko_connect_kwargs = {"transport_factory": _connection}

# --- the network -------------------------------------------------------------------------------

# Names for addresses outside of the site. `administrators` may log in: keep your own machine in it.
networks = {
    "anywhere": ["0.0.0.0/0", "::/0"],
    "administrators": ["10.0.0.0/8"],
}

# Who may open a connection to whom. None: just what the roles of the site need, which they declare
# themselves (deploys/roles/*/declaration.py, and the catalogue of services below). A list takes the place of all of it.
firewall_rules = None

# Rules of your own, before those: {"source": …, "destination": …, "ports": […]}, where source and
# destination are groups of the inventory, `services.<name>`, `all`, or names of `networks`, and a port is a number or
# the name of a value that holds one. "protocol" is "tcp" without a word, "udp", or one without
# ports such as "vrrp"; "action" may be "deny" or "reject".
firewall_extra_rules = []

# --- kernel (deployment guide, "OS Optimizations") ---------------------------------------------

kernel_settings = {
    "net.core.somaxconn": "1024",
    "net.core.netdev_max_backlog": "5000",
    "net.core.rmem_default": "262144",
    "net.core.rmem_max": "16777216",
    "net.core.wmem_default": "262144",
    "net.core.wmem_max": "16777216",
    "net.ipv4.tcp_rmem": "4096 87380 16777216",
    "net.ipv4.tcp_wmem": "4096 65536 16777216",
    "net.ipv4.tcp_congestion_control": "bbr",
}

# Modules that are loaded at boot, before the settings that need them.
kernel_modules = ["tcp_bbr"]

# Files that one process may have open (deployment guide, "ulimits").
open_files = 65536

# --- where things listen (deployment guide, "Ports") -------------------------------------------

gateway_port = 8000
gateway_green_port = None  # a port, such as 8001: a release starts beside the one that runs, and all switch as one
gateway_tls_port = None  # a port, such as 8443: load balancers ask there over mutual TLS, and nobody at gateway_port
gateway_green_tls_port = None  # and one, such as 8444, where there is gateway_green_port
postgres_port = 5432
postgres_pool_port = None  # a port, such as 6432: PgBouncer before each server, and the gateways connect to it
witness_port = 5431  # hosts tell each other which Postgres server is the primary
patroni_port = 8008  # Patroni's on the Postgres hosts, for each other
etcd_client_port = 2379
etcd_peer_port = 2380
redis_port = 6379
redis_sentinel_port = None  # a port, such as 26379: three Redis hosts, one of them the master, and they fail over
redis_tls_port = None  # a port, such as 6380: other hosts ask there over mutual TLS, and nobody at redis_port
redis_sentinel_tls_port = None  # and one, such as 26380, where there is redis_sentinel_port
metrics_port = 9998  # exporters of every host, where the site has monitoring hosts
pages_port = 9443  # pages of what is measured, on monitoring hosts, for administrators; None: none
grafana_port = None  # a port, such as 3000: Grafana on monitoring hosts, whose package you bring (grafana_package)
backup_server_port = 8432
backup_state_port = 8433
backup_restore_port = 8434
backup_second_place_port = None  # of the server that a second place is on: SFTP has 22

# --- the platform's services -----------------------------------------------------------------------

# Which services there are, what each is made of, which hosts run it, at which port; docs/operations/services.md
# has every key, and the ten of the platform. The gateways' *_SERVICE_URL and the firewall's rules follow from it.
# An entry has at least a source (type, file, sha256), hosts and a port. One that runs outside of the site has
# addresses alone: {"rag": {"addresses": ["http://10.0.0.65:8087"]}}. Keys of AI are secrets of rag's entry alone:
# "secrets": ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"].
services = {}

# --- an address that load balancers share ---------------------------------------------------------

# Two or more load balancers share an address of their network that no machine has of its own: it is on one of them that
# answers. The domain's A and AAAA records name these. None: users reach a site at its balancer's own address.
virtual_address = None
virtual_address6 = None

# --- the database that the platform uses ---------------------------------------------------------

# Which host is made the primary of a site that has no data yet. After that the servers are asked.
postgres_first_primary = "pg1"
postgres_database = "tracseq_prod"
postgres_user = "tracseq_admin"

# Who promotes a replica when the primary is gone: "manual" (deploys/failover.py), or "patroni", which needs the
# group `etcd`. A site that runs is moved from the one to the other by deploys/postgres_failover.py.
postgres_failover = "manual"

# Patroni: a primary that cannot renew its lock for patroni_ttl (at least 20 s) is one no more; it renews it every
# patroni_loop_wait, and tries for patroni_retry_timeout. patroni_loop_wait + 2 * patroni_retry_timeout <= patroni_ttl.
patroni_ttl = "20s"
patroni_loop_wait = "5s"
patroni_retry_timeout = "5s"

# Whether a write is acknowledged only once a replica has it, so that a failover loses none. While no replica
# answers, the primary goes on alone, and is replaced by nobody.
patroni_synchronous = True

# Which server the Redis hosts have: "redis", or on Debian 13 "valkey", which is BSD and not AGPL as Redis 8 is. A site
# has one of the two, and what the one wrote the other does not read: docs/operations/redis.md says how to change it.
redis_software = "redis"

# Redis, where redis_sentinel_port is given: a master that is silent for redis_down_after is replaced, if two of three
# Sentinels find so; what takes longer than redis_failover_timeout is tried again.
redis_down_after = "1s"
redis_failover_timeout = "5s"

# --- mail for alerts, of a site with monitoring hosts -----------------------------------------------

# By which server, to whom and as whom. Without a port (such as 587) there is no mail. A user needs ALERT_MAIL_PASSWORD
# in .env.<environment>. Without alert_mail_tls the connection is not encrypted.
alert_mail_server = ""
alert_mail_port = None
alert_mail_to = []
alert_mail_from = ""
alert_mail_user = None
alert_mail_tls = True

# --- logs ------------------------------------------------------------------------------------------

# Every host sends its journal to the host in the group `logs`, where a site has one; that listens at this port.
logs_port = 19532

# Or to something of your own that takes what systemd-journal-upload sends, such as VictoriaLogs:
# "http://10.0.0.70:9428/insert/journald". A port other than 80 and 443 needs a rule in firewall_extra_rules.
logs_url = None

# --- pages of what is measured, of a site with monitoring hosts ---------------------------------------

# Who logs in at https://<monitoring host>:9443, with PAGES_PASSWORD in .env.<environment>. Others than administrators
# reach them by a rule in firewall_extra_rules, such as {"source": "laboratory", "destination": "monitoring", "ports":
# ["pages_port"]}.
pages_user = "administrator"

# Grafana, which Debian does not have: "apt" where the sources of the monitoring hosts do, or a file of this machine:
# {"file": "packages/grafana_11.6.0_amd64.deb", "sha256": "…"}. It needs GRAFANA_PASSWORD in .env.<environment>.
grafana_package = "apt"

# --- requests ------------------------------------------------------------------------------------

# The largest body of a request, at the load balancers and at the gateways: sequencing files are large.
largest_body = "20GB"

# --- certificates ------------------------------------------------------------------------------

# Where this machine keeps the site's own certificate authority. Never in git; keep a copy.
authority_directory = ".state/{environment}/authority"
certificate_lifetime = "365d"
certificate_renewal = "30d"  # a run renews what has less left than this

# Which host of the site renews the certificates of all of them, so that nobody has to deploy for that: one that few can
# log in to, such as "backup1". Each is then valid for certificate_renewed_lifetime, and renewed when a third of that is
# over: docs/operations/certificates.md. None: runs renew them.
certificate_authority = None
certificate_authority_port = 8435
certificate_renewed_lifetime = "30d"
# Where the certificate of the public name comes from: "site" (certificate_file in group_data/load_balancers.py, or the
# authority above), or "acme": an authority that speaks ACME (RFC 8555). docs/operations/certificates.md
certificate_source = "site"
acme_directory = "https://acme-v02.api.letsencrypt.org/directory"
acme_authority_file = None  # of a private ACME server: the certificate of who signed its own, a file of this machine
acme_contact = ""  # a mail address, of the account there

# How the name is proved: "http-01", at port 80 of the load balancers, or where that is closed "dns-01", by an update of
# the domain's zone (RFC 2136) at acme_dns_server. That needs ACME_DNS_SECRET in .env.<environment>.
acme_challenge = "http-01"
acme_dns_server = None
acme_dns_key = None
acme_dns_algorithm = "hmac-sha256"
