"""Redis Sentinel."""
