"""The smallest site of the lab: what it has of its own, beside group_data/lab.py."""

domain = "smallest.lab.example.org"
authority_directory = ".state/lab_smallest/authority"
postgres_first_primary = "one1"
