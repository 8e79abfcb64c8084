"""The choices of the administrator: read, checked as a whole, and given to roles as typed objects."""
