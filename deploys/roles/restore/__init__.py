"""Restores: hosts that can take what the backup host restored for them, and the steps of each kind of restore."""
