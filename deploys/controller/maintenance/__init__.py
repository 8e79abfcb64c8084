"""Hosts that are out for maintenance, and how the rest of the site goes on without them."""
