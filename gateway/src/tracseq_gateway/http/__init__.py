"""What both sides of the gateway know of HTTP."""
