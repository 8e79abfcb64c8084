"""Pages of what is measured, for people."""
