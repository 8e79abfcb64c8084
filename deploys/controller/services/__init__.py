"""The platform's services: what they are made of, where they are, and what they are told."""
