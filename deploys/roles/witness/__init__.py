"""Every host remembers which Postgres server was promoted last, so that a former primary can be told."""
