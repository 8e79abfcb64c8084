"""What is looked for in the repository itself: secrets that git keeps, and known faults of what is locked."""
