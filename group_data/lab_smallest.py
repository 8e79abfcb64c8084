"""The smallest site of the lab: what it has of its own, beside group_data/lab.py."""

domain = "smallest.lab.example.org"
authority_directory = ".state/lab_smallest/authority"
postgres_first_primary = "one1"
backup_on_postgres_host = True

# Where things listen is data: this site has every port changed.
gateway_port = 8800
postgres_port = 5433
witness_port = 5430
redis_port = 6380
services = {"sample": {"addresses": ["http://10.77.0.61:8181"]}}
