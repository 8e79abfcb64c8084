"""What services must not lose, sent to the backup host when it asks."""
