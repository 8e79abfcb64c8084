"""The lab with encrypted wires: what it has of its own, beside group_data/lab.py."""

gateway_tls_port = 8443
redis_tls_port = 6380
