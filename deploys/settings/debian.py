"""What the supported Debian releases bring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Debian:
    """The versions that roles must know, of one release."""

    suite: str
    """Its name, by which its archive has it."""
    python: str
    """Its own Python. Wheels are chosen by it before it is installed on a bare host."""
    pgbouncer_has_prepared_statements: bool
    """Those of the protocol, within transaction pooling: since PgBouncer 1.21."""
    nginx_has_http2_directive: bool
    """``http2 on`` came with nginx 1.25.1, and made ``listen … http2`` a warning."""
    postgres_collectors: tuple[str, ...]
    """What its Postgres exporter looks at unless it is told not to: sizes of all tables among it."""
    alertmanager_has_teams: bool
    """Teams by workflows: since Alertmanager 0.28."""
    postgres: int
    """The version of its Postgres."""
    has_pgvector: bool
    """Whether it has pgvector for that."""
    redis_software: tuple[str, ...]
    """Which servers it has that speak Redis' protocol: Valkey came with Debian 13."""

    @property
    def pgvector(self) -> str:
        """The package of pgvector for its Postgres."""
        return f"postgresql-{self.postgres}-pgvector"


RELEASES = {
    "12": Debian(
        suite="bookworm",
        python="3.11.2",
        pgbouncer_has_prepared_statements=False,
        nginx_has_http2_directive=False,
        postgres_collectors=("database", "bgwriter"),
        alertmanager_has_teams=False,
        postgres=15,
        has_pgvector=False,
        redis_software=("redis",),
    ),
    "13": Debian(
        suite="trixie",
        python="3.13.5",
        pgbouncer_has_prepared_statements=True,
        nginx_has_http2_directive=True,
        postgres_collectors=(
            "database",
            "locks",
            "replication",
            "replication_slot",
            "roles",
            "stat_bgwriter",
            "stat_database",
            "stat_user_tables",
            "statio_user_tables",
            "wal",
        ),
        alertmanager_has_teams=True,
        postgres=17,
        has_pgvector=True,
        redis_software=("redis", "valkey"),
    ),
}

WITH_PGVECTOR = next(release for release in RELEASES.values() if release.has_pgvector)
"""The one that has it."""
