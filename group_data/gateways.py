"""Hosts with an instance of the API gateway."""

# Processes of one gateway: the number of the host's CPUs where it is None.
gateway_workers = 1

# Limits of the unit (deployment guide, "Docker Performance").
gateway_memory = "1GB"
gateway_cpus = 2.0

# Seconds that requests, uploads and WebSockets have to end before a gateway changes: the load balancers
# send it nothing new meanwhile. What has not ended then is told that it ends, and has the next value's time.
gateway_drain_timeout = 30

# Seconds that requests in flight have to end when a gateway stops.
gateway_shutdown_timeout = 30

# Seconds that a gateway may take, after a change, to be well and to have all it had before. After
# that, what was there before is put back, and the run ends.
gateway_health_timeout = 60

# Whether gateways that changed get back what they had before, where a later one is not well: all of them
# have the same release then. False leaves those that are well as they are.
gateway_all_or_nothing = True

# Seconds for which the first gateway with a change takes a small share of the requests (canary_share of the
# load balancers) and is compared with the others, before they get it: where more of its requests fail, or
# it is slower, it goes back. 0: it is not.
gateway_canary_seconds = 0

# Releases that stay on a host beside the current one.
gateway_releases_kept = 3

# Where gateways send a span of each request: a collector that takes OTLP over HTTP, such as Jaeger or Tempo,
# "http://10.0.0.80:4318/v1/traces". A port other than 80 and 443 needs a rule in firewall_extra_rules.
gateway_trace_endpoint = None

# Of traces that begin at a gateway, how many are recorded: 1 all, 0.01 one in a hundred. Where a client sends a
# traceparent, the client decides.
gateway_trace_sample_ratio = 1

# Further environment variables of the gateway (gateway/README.md lists them all).
gateway_environment = {
    "JWT_ALGORITHM": "HS256",
    "DB_POOL_MIN_SIZE": "5",
    "DB_POOL_MAX_SIZE": "20",
    "RATE_LIMIT_REQUESTS": "100",
    "RATE_LIMIT_WINDOW": "60",
    "LOG_LEVEL": "INFO",
}
