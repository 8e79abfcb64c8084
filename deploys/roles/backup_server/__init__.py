"""pgBackRest's server on Postgres hosts, by which a backup host reads them."""
