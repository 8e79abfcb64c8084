"""What runs on a backup host beside pgBackRest, pg_receivewal and restic; it needs nothing but Debian's Python."""
