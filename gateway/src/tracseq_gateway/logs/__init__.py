"""What the gateway writes down: JSON, one line an event, nothing secret."""
