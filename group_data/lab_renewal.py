"""The lab whose hosts renew their certificates: what it has of its own, beside group_data/lab.py."""

# The lab's, as a scenario copies it: one host may sign for it.
authority_directory = ".state/lab-renewal/authority"
certificate_authority = "backup1"
