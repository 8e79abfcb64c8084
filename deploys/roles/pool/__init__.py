"""A pool of connections in front of each Postgres server."""
