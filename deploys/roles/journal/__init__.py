"""Every host's journal, sent to the log host."""
