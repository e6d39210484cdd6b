"""people who are reached by a number alone, and codes that go to an address not yet entered

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contact") as batch:
        batch.alter_column("email", existing_type=sa.LargeBinary(), nullable=True)
    op.add_column("code", sa.Column("address", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")
