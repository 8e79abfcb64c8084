"""Who tells people that monitoring itself is dead: a host that is no monitoring host."""
