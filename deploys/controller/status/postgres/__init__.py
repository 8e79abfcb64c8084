"""Postgres: one primary, whom all others follow closely, and servers that are well by themselves."""
