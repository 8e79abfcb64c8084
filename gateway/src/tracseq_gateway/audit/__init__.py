"""Who changed what: written to disk first and to Postgres from there, never on a request's path."""
