"""The gateway on a developer's own machine, with all that it needs around it."""
