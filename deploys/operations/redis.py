"""Redis: how it takes up who may use it."""

from __future__ import annotations

from deploys.facts.redis import CONFIGURATION


def users_loaded(port: int) -> str:
    """
    Shell that has a running server take up its file of users, which it refuses as a whole where a line is wrong.

    + port: of the server
    """
    # redis-cli takes a line's quotes as redis.conf does, and what it reads there no process list shows.
    return (
        f"said=$({{ sed -n 's/^requirepass /AUTH /p' {CONFIGURATION}; echo ACL LOAD; }} | redis-cli -p {port} 2>&1) &&"
        f' [ "$(printf \'%s\' "$said" | tail -n 1)" = OK ] || {{ printf \'%s\\n\' "$said" >&2; false; }}'
    )
