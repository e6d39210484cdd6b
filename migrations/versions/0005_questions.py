"""the revision by which each answer was saved

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answer", sa.Column("revision", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")
