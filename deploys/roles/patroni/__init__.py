"""Patroni: it keeps the Postgres servers, and promotes one when the primary is gone."""
