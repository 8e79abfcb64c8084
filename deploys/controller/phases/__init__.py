"""A site that is deployed phase by phase: no phase begins before the one before it has met its criteria."""
