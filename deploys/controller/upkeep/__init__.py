"""What a site needs after its first day: updates and boots, one host after the other."""
