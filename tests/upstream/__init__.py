"""The patches of docs/upstream, on copies of what is installed."""
