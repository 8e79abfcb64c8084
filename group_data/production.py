"""What all hosts of inventories/production.py share."""

environment = "production"
domain = "api.example.org"

# How this machine logs in. Without ssh_key: your agent, or the keys in ~/.ssh.
ssh_user = "deploy"

# Everything is done as root, by sudo without a password. Set it to False where ssh_user is root.
_sudo = True

networks = {
    "anywhere": ["0.0.0.0/0", "::/0"],
    # Your own machine must be in here: a firewall that shuts it out is undone within a minute.
    "administrators": ["10.0.0.0/24"],
}

# No machine is a single point of failure: the load balancers share an address, a replica of Postgres is promoted by
# itself, and so is one of Redis. What each costs and loses: "Nothing alone" in the README.
virtual_address = "10.0.0.10"
postgres_first_primary = "pg1"
postgres_failover = "patroni"
redis_sentinel_port = 26379
redis_memory = "1GB"  # beside a gateway

# Where the platform's services are. docs/operations/services.md has them deployed by the site itself.
services = {
    "auth": {"addresses": ["http://10.0.0.65:8080"]},
    "sample": {"addresses": ["http://10.0.0.65:8081"]},
    "storage": {"addresses": ["http://10.0.0.65:8082"]},
    "template": {"addresses": ["http://10.0.0.65:8083"]},
    "sequencing": {"addresses": ["http://10.0.0.66:8084"]},
    "notification": {"addresses": ["http://10.0.0.66:8085"]},
    "event": {"addresses": ["http://10.0.0.66:8086"]},
}
