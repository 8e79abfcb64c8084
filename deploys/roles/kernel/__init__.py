"""The kernel's settings, and the limits on what processes may open."""
