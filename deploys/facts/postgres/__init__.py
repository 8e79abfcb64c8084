"""What a host's Postgres server says of itself, and what is on its disk."""
