"""Real servers for the tests: Postgres, Redis, upstreams, and the gateway itself."""
