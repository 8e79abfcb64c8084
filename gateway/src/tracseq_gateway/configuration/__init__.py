"""What the environment says the gateway shall do, checked before anything starts."""
