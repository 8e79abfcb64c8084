"""The smallest site of the lab: what the lab has, but for who is the first primary."""

environment = "lab"
domain = "smallest.lab.example.org"
authority_directory = ".state/lab_smallest/authority"
postgres_first_primary = "one1"

_sudo = True

minimum_disk = "1GB"
minimum_memory = "1GB"
minimum_cpus = 1

networks = {
    "anywhere": ["0.0.0.0/0", "::/0"],
    "administrators": ["10.77.0.1", "fd77::1"],
    "services": ["10.77.0.61"],
}
service_ports = [8081]
gateway_services = {"SAMPLE": ["http://10.77.0.61:8081"]}

postgres_shared_buffers = "128MB"
postgres_effective_cache_size = "512MB"
postgres_maintenance_work_mem = "64MB"
redis_memory = "128MB"
journal_size = "50MB"
