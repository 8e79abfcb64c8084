"""The audit trail's table, partitioned by month."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; its partitions are made by the gateways, ahead of time."""
    op.execute(
        """
        CREATE TABLE audit_event (
            occurred_at timestamptz NOT NULL,
            id uuid NOT NULL,
            request_id text NOT NULL,
            user_id text,
            tenant_id text,
            roles text,
            client_address text NOT NULL,
            method text NOT NULL,
            service text,
            path text NOT NULL,
            status integer NOT NULL,
            cause text,
            duration double precision NOT NULL,
            gateway text NOT NULL,
            PRIMARY KEY (occurred_at, id)
        ) PARTITION BY RANGE (occurred_at)
        """
    )
    op.execute("CREATE INDEX audit_event_user ON audit_event (user_id, occurred_at)")
    op.execute("CREATE INDEX audit_event_tenant ON audit_event (tenant_id, occurred_at)")
    op.execute("CREATE INDEX audit_event_request ON audit_event (request_id)")


def downgrade() -> None:
    """Drop the table and all its months."""
    op.execute("DROP TABLE audit_event")
