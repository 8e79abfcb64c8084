"""The lab with three Redis servers: what it has of its own, beside group_data/lab.py."""

redis_sentinel_port = 26379
