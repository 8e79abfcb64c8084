"""Postgres: its data directory, its server, its roles and slots, and replicas that follow."""
