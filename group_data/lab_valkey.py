"""The lab with three Valkey servers: what it has of its own, beside group_data/lab.py."""

redis_software = "valkey"
redis_sentinel_port = 26379
