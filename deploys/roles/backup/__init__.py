"""Hosts that hold backups: they fetch everything themselves, and nobody else writes there."""
