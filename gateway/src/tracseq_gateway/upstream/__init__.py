"""The side of the services: connections to them, and which of them to ask."""
