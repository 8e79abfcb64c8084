"""Runs a gateway for a while with everything around it that can go wrong, and looks what is left."""
