"""Postgres: who takes writes, who follows, what queries cost, and what runs out."""

from __future__ import annotations

from deploys.controller.dashboards.panel import Dashboard, Panel, Query, one

POSTGRES = Dashboard(
    "postgres",
    "Postgres",
    "Which server takes writes, how far its replicas are behind, and what its queries wait for.",
    (
        Panel(
            title="Takes writes",
            unit="yes or no",
            queries=one("1 - tracseq_postgres_server_replica", "{{instance}}"),
            note="Just one does. None, or two: read docs/operations/the-primary-is-gone.md before anything else.",
        ),
        Panel(
            title="How far replicas are behind",
            unit="bytes",
            queries=one("tracseq_postgres_replication_lag_bytes", "{{standby}}"),
            note="A failover to one that is behind loses that much, or waits for it.",
            bad_above=256 * 1024 * 1024,
        ),
        Panel(
            title="How late replicas are",
            unit="seconds",
            queries=one("tracseq_postgres_server_replay_lag_seconds", "{{instance}}"),
            bad_above=300,
        ),
        Panel(
            title="Connections in use",
            unit="share",
            queries=one(
                "tracseq_postgres_server_connections / tracseq_postgres_server_connections_limit", "{{instance}}"
            ),
            note="docs/operations/connections.md says whose they are.",
            bad_above=0.85,
        ),
        Panel(
            title="Transactions",
            unit="per second",
            queries=(
                Query("rate(tracseq_postgres_server_commits[$window])", "{{instance}} committed"),
                Query("rate(tracseq_postgres_server_rollbacks[$window])", "{{instance}} rolled back"),
            ),
        ),
        Panel(
            title="Time of a statement, on average",
            unit="seconds",
            queries=one(
                "rate(tracseq_postgres_statements_seconds[$window])"
                " / (rate(tracseq_postgres_statements_calls[$window]) > 0)",
                "{{instance}}",
            ),
            note="Which ones: pg_stat_statements in the database postgres, ordered by total_exec_time.",
        ),
        Panel(
            title="Connections that wait for a lock",
            unit="count",
            queries=one("tracseq_postgres_server_waiting", "{{instance}}"),
            note="pg_blocking_pids() says for whom.",
            bad_above=10,
        ),
        Panel(
            title="Deadlocks",
            unit="per minute",
            queries=one("60 * rate(tracseq_postgres_server_deadlocks[$window])", "{{instance}}"),
            bad_above=0.3,
        ),
        Panel(
            title="The oldest transaction",
            unit="seconds",
            queries=one("tracseq_postgres_server_oldest_transaction_seconds", "{{instance}}"),
            note="While it is open, nothing that was deleted since is given back.",
            bad_above=1800,
        ),
        Panel(
            title="Blocks found in its own memory",
            unit="share",
            queries=one(
                "rate(tracseq_postgres_server_blocks_found[$window]) / "
                "(rate(tracseq_postgres_server_blocks_found[$window])"
                " + rate(tracseq_postgres_server_blocks_read[$window]))",
                "{{instance}}",
            ),
        ),
        Panel(
            title="WAL that is kept for others",
            unit="bytes",
            queries=one("tracseq_postgres_slot_retained_bytes", "{{instance}} for {{slot}}"),
            note="A replica, or the backup host, that is away fills the disk: bring it back.",
        ),
        Panel(
            title="Size of all databases",
            unit="bytes",
            queries=one("tracseq_postgres_server_size_bytes", "{{instance}}"),
        ),
        Panel(
            title="Age of the newest backup",
            unit="seconds",
            queries=one("time() - (tracseq_backup_newest_timestamp_seconds > 0)", "{{instance}}"),
            bad_above=30 * 3600,
            group="backups",
        ),
        Panel(
            title="What a restore would lack",
            unit="seconds",
            queries=one("time() - (tracseq_backup_archived_until_timestamp_seconds > 0)", "{{instance}}"),
            note="The time since what the backup host has of the WAL. backup_wal_maximum_age is when it tells of that.",
            group="backups",
        ),
    ),
)
