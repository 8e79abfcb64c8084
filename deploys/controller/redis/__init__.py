"""Redis servers that replicate each other: who is the master, and in which order they change."""
