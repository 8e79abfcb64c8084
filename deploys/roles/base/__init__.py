"""What every host has before it has a role of the platform."""
