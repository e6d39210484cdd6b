"""a sender for each message that was in hand when none was noted

Revision: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # It may have been delivered; with a sender it is taken up again when its lease is over.
    op.execute(
        "UPDATE message SET worker = 'unknown', begun_at = coalesce(begun_at, queued_at),"
        " lease_until = coalesce(lease_until, queued_at)"
        " WHERE state = 'sending' AND worker IS NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")
