"""nginx with TLS in front of every gateway."""
