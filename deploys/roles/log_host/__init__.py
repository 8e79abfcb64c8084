"""The host that keeps the journals of all."""
