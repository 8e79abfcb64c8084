"""Hosts with nginx in front of the gateways."""

# A certificate of your own: paths of two files on this machine. None: one of the site's authority.
certificate_file = None
certificate_key_file = None

# DNS servers of yours, for OCSP stapling where a certificate of your own names a responder. None: no stapling.
dns_resolvers = []

# A gateway that fails this often within this time is left out for as long (deployment guide).
upstream_max_fails = 3
upstream_fail_timeout = "30s"
upstream_keepalive = 32

# The share of the requests, in percent, of a gateway that is tried before the others change (gateway_canary_seconds).
canary_share = 10

# Requests a second that one address may make, and how many at once above that.
request_rate = 50
request_burst = 100

# How long nginx waits for a gateway (deployment guide).
connect_timeout = "5s"
send_timeout = "60s"
read_timeout = "60s"

# How long browsers remember to use TLS only.
strict_transport_security = "63072000s"

# Routes whose answers are kept here for everybody, as long as their Cache-Control says: of PUBLIC_ROUTES alone.
kept_routes = []
kept_size = "256MB"
