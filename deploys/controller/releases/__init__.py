"""Releases of the gateway: where this one comes from, and which one a host goes back to."""
