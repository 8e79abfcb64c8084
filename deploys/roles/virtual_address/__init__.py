"""keepalived: load balancers that share an address."""
