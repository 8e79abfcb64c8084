"""Postgres: one primary, any number of replicas that follow it."""
