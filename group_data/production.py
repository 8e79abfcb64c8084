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
    # Where the platform's services run.
    "services": ["10.0.0.64/26"],
}

postgres_first_primary = "pg1"

gateway_services = {
    "AUTH": ["http://10.0.0.65:8080"],
    "SAMPLE": ["http://10.0.0.65:8081"],
    "STORAGE": ["http://10.0.0.65:8082"],
    "TEMPLATE": ["http://10.0.0.65:8083"],
    "SEQUENCING": ["http://10.0.0.66:8084"],
    "NOTIFICATION": ["http://10.0.0.66:8085"],
    "EVENT": ["http://10.0.0.66:8086"],
}
