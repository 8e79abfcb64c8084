"""What all hosts of inventories/staging.py share."""

environment = "staging"
domain = "staging.example.org"

ssh_user = "deploy"
_sudo = True

networks = {
    "anywhere": ["10.0.0.0/8"],
    "administrators": ["10.1.0.0/24"],
}

postgres_first_primary = "db1"

# Machines to try things on may be small.
minimum_memory = "1900MB"

services = {"sample": {"addresses": ["http://10.1.0.65:8081"]}}
