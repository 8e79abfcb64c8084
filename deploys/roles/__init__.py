"""What a site is made of: a folder per role, named one by one in registry.py."""
