"""How many requests a caller may send, over all gateways together."""
