"""A host that renews its certificates by itself."""
