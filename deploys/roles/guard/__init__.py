"""What stands before services that authenticate nobody themselves."""
