"""What all hosts of inventories/production_three.py share."""

environment = "production"
domain = "api.example.org"

ssh_user = "deploy"
_sudo = True

networks = {
    "anywhere": ["0.0.0.0/0", "::/0"],
    "administrators": ["10.0.0.0/24"],
}

virtual_address = "10.0.0.10"
postgres_first_primary = "node1"
postgres_failover = "patroni"
redis_sentinel_port = 26379

# Each machine shares its memory among all of its parts: these are for 8 GB.
minimum_memory = "7900MB"
redis_memory = "512MB"
postgres_shared_buffers = "2GB"
postgres_effective_cache_size = "4GB"

# The backups too are on one of the three, so a second place must be outside of them: here a share mounted there.
backup_on_postgres_host = True
backup_second_place = {"type": "directory", "path": "/mnt/backups"}

services = {"sample": {"addresses": ["http://10.0.0.65:8081"]}}
