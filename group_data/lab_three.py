"""The lab's three machines that are everything: what they have of their own, beside group_data/lab.py."""

domain = "three.lab.example.org"
authority_directory = ".state/lab_three/authority"
virtual_address = "10.77.0.70"
virtual_address6 = "fd77::70"
postgres_first_primary = "three1"
postgres_failover = "patroni"
redis_sentinel_port = 26379
backup_on_postgres_host = True
