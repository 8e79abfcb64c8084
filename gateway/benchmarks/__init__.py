"""Measures the gateway beside nginx and Caddy, in one run on one machine."""
