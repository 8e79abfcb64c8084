"""The tests, a directory a tier: what each runs on and proves is in README.md."""
