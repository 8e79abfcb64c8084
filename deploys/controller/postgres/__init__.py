"""What a site's data and its servers' words mean for Postgres: rules without side effects."""
