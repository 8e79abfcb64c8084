"""The lab with a log host: what it has of its own, beside group_data/lab.py."""

# A test writes for ten minutes what the log host is not there to take.
journal_size = "500MB"
