"""The lab of `make lab`: what differs from a site of real machines."""

environment = "lab"
domain = "tracseq.lab.example.org"

_sudo = True

# Its machines share those of yours.
minimum_disk = "1GB"
minimum_memory = "1GB"
minimum_cpus = 1

networks = {
    "anywhere": ["0.0.0.0/0", "::/0"],
    "administrators": ["10.77.0.1", "fd77::1"],
    "outside": ["10.77.0.61"],
}
services = {"sample": {"addresses": ["http://10.77.0.61:8081"]}}

# A service that runs outside of the site keeps its data in the site's Postgres.
postgres_clients = ["10.77.0.61"]
firewall_extra_rules = [
    {"source": "outside", "destination": "postgres", "ports": ["postgres_port", "postgres_pool_port"]}
]

# Their memory is all the same memory: each takes what the guide says, not its share of the whole.
postgres_shared_buffers = "128MB"
postgres_effective_cache_size = "512MB"
postgres_maintenance_work_mem = "64MB"
redis_memory = "128MB"
journal_size = "50MB"

# Tests wait for it.
backup_wal_interval = "10s"
backup_wal_maximum_age = "40s"
backup_proof_query = "select count(*) from pg_catalog.pg_class"
backup_second_place = {"type": "directory", "path": "/var/lib/second-place"}

# The load tests of the lab come from one address.
request_rate = 2000
request_burst = 4000
