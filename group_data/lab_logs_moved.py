"""The lab with its logs on another host: what it has of its own, beside group_data/lab.py."""

# A test writes for ten minutes what the log host is not there to take.
journal_size = "500MB"
