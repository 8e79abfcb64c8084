"""Archives that others made, read without trust: nothing of them reaches a file system by its own name."""
