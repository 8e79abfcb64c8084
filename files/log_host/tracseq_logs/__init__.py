"""Searches the journals of all hosts on the log host."""
