"""The trace that a request was a part of."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; gateways of the release before leave it empty."""
    op.execute("ALTER TABLE audit_event ADD COLUMN trace_id text")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE audit_event DROP COLUMN trace_id")
