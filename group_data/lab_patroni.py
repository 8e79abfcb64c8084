"""The lab with Patroni: what it has of its own, beside group_data/lab.py."""

postgres_failover = "patroni"
