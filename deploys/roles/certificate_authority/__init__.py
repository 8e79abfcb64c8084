"""The host that renews the certificates of all."""
