"""What all gateways share: the database and Redis."""
