"""what the clockwork needs: expiry, priorities, channels, bounces, rates, tasks and leases

Revision: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_CHANNELS = "channel IN ('email', 'sms')"
_NO_MORE_BY = ("email_suppressed_at", "phone_suppressed_at")

# Answers to what somebody just did, invitations, reminders: in this order they leave.
_PRIORITIES = "CASE WHEN at_once THEN 1 WHEN kind = 'reminder' THEN 3 ELSE 2 END"


def upgrade() -> None:
    _rebuild_assessment()
    _rebuild_message()
    _rebuild_contact()
    _extend_participant()
    op.add_column("attempt", sa.Column("segments", sa.Integer(), nullable=True))
    _add_tables()


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")


def _rebuild_assessment() -> None:
    op.drop_index("ix_assessment_status_closes_at", "assessment")
    with op.batch_alter_table("assessment") as batch:
        batch.add_column(sa.Column("expires_at", _INSTANT, nullable=True))
        for name in ("invited_at", "saved_at"):
            batch.add_column(sa.Column(name, _INSTANT, nullable=True))
        batch.add_column(sa.Column("closing_reason", sa.String(), nullable=True))
    op.execute("UPDATE assessment SET expires_at = closes_at")
    op.execute(
        "UPDATE assessment SET invited_at = (SELECT min(settled_at) FROM message "
        "WHERE message.assessment_id = assessment.id AND kind = 'invitation' AND state = 'sent')"
    )
    op.execute(
        "UPDATE assessment SET saved_at = (SELECT max(saved_at) FROM answer "
        "WHERE answer.assessment_id = assessment.id)"
    )
    op.execute(
        "UPDATE assessment SET closing_reason = 'window' WHERE status IN ('partial', 'expired') "
        "AND closed_at = closes_at"
    )
    with op.batch_alter_table("assessment") as batch:
        batch.alter_column("expires_at", existing_type=_INSTANT, nullable=False)
        batch.create_check_constraint(
            op.f("ck_assessment_closing_reason"),
            "closing_reason IN ('window', 'unopened', 'idle', 'missed')",
        )
        batch.create_check_constraint(op.f("ck_assessment_expiry"), "expires_at <= closes_at")
    op.create_index("ix_assessment_status_expires_at", "assessment", ["status", "expires_at"])


def _rebuild_message() -> None:
    op.drop_index("ix_message_state_due_at", "message")
    with op.batch_alter_table("message") as batch:
        batch.add_column(sa.Column("priority", sa.Integer(), nullable=True))
        for name in ("worker", "reason"):
            batch.add_column(sa.Column(name, sa.String(), nullable=True))
        for name in ("begun_at", "planned_at"):
            batch.add_column(sa.Column(name, _INSTANT, nullable=True))
    op.execute(f"UPDATE message SET priority = {_PRIORITIES}, planned_at = due_at")
    # What was in hand may have been delivered.
    op.execute("UPDATE message SET begun_at = queued_at WHERE state = 'sending'")
    with op.batch_alter_table("message") as batch:
        batch.alter_column("priority", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("planned_at", existing_type=_INSTANT, nullable=False)
        batch.create_check_constraint(op.f("ck_message_channel"), _CHANNELS)
    op.create_index(
        "ix_message_state_priority_due_at", "message", ["state", "priority", "due_at"]
    )
    op.create_index(
        "ix_message_participant_id_settled_at", "message", ["participant_id", "settled_at"]
    )


def _rebuild_contact() -> None:
    with op.batch_alter_table("contact") as batch:
        batch.add_column(sa.Column("phone", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("channel", sa.String(), nullable=True))
        for name in _NO_MORE_BY:
            batch.add_column(sa.Column(name, _INSTANT, nullable=True))
    op.execute("UPDATE contact SET channel = 'email'")
    with op.batch_alter_table("contact") as batch:
        batch.alter_column("channel", existing_type=sa.String(), nullable=False)
        batch.create_check_constraint(op.f("ck_contact_channel"), _CHANNELS)


def _extend_participant() -> None:
    op.add_column("participant", sa.Column("planned_version", sa.Integer(), nullable=True))
    op.add_column("participant", sa.Column("next_zone", sa.String(), nullable=True))
    op.add_column("participant", sa.Column("zone_changes_at", _INSTANT, nullable=True))
    op.execute(
        "UPDATE participant SET planned_version = (SELECT max(number) FROM protocol_version "
        "WHERE protocol_version.study_id = participant.study_id) WHERE enrolled_at IS NOT NULL"
    )
    op.execute(
        "UPDATE participant SET crossover_due_at = NULL WHERE study_id IN "
        "(SELECT id FROM study WHERE state IN ('locked', 'archived'))"
    )
    op.create_index(
        "ix_participant_study_id_planned_version", "participant", ["study_id", "planned_version"]
    )
    has_screening = sa.text("screening IS NOT NULL")
    op.create_index(
        "ix_participant_stage_screened_at",
        "participant",
        ["stage", "screened_at"],
        sqlite_where=has_screening,
        postgresql_where=has_screening,
    )


def _add_tables() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.CheckConstraint("kind IN ('hard', 'soft', 'complaint')", name=op.f("ck_bounce_kind")),
        sa.CheckConstraint(
            "source IN ('mailbox', 'webhook', 'refusal')", name=op.f("ck_bounce_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        _reference("bounce", "study"),
        _reference("bounce", "message"),
        _reference("bounce", "participant"),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_bounce_message_id_kind")),
    )
    op.create_index("ix_bounce_study_id", "bounce", ["study_id"])
    op.create_index(
        "ix_bounce_participant_id_received_at", "bounce", ["participant_id", "received_at"]
    )
    op.create_table(
        "sending_rate",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("next_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "domain", name=op.f("pk_sending_rate")),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        _reference("task", "study"),
        _reference("task", "participant"),
        sa.UniqueConstraint("study_id", "kind", "about", name=op.f("uq_task_study_id_kind_about")),
    )
    op.create_index("ix_task_study_id_done_at", "task", ["study_id", "done_at"])
    op.create_index("ix_task_participant_id", "task", ["participant_id"])
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def _reference(table: str, to: str) -> sa.ForeignKeyConstraint:
    column = f"{to}_id"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))
