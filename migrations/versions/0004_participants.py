"""what participants meet: courses and doses, alerts, codes, the course of answering

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _add_columns()
    _add_courses()
    _add_alerts()
    _add_codes()
    _add_media()


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")


def _add_columns() -> None:
    op.add_column("answer", sa.Column("other", sa.String(), nullable=True))
    op.add_column("answer", sa.Column("milliseconds", sa.Integer(), nullable=True))
    op.add_column("assessment", sa.Column("item_orders", sa.JSON(), nullable=True))
    op.add_column("participant", sa.Column("programme_ends_at", _INSTANT, nullable=True))
    op.create_index("ix_participant_programme_ends_at", "participant", ["programme_ends_at"])


def _add_courses() -> None:
    op.create_table(
        "course_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("facilitator_id", sa.Integer(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("first_wall", sa.String(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.CheckConstraint("format IN ('online', 'in_person')", name=op.f("ck_course_group_format")),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_course_group_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_group")),
        _reference("course_group", "study"),
        _reference("course_group", "staff", "facilitator_id"),
        sa.UniqueConstraint(
            "study_id", "programme", "name", name=op.f("uq_course_group_study_id_programme_name")
        ),
    )
    op.create_table(
        "group_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("joined_at", _INSTANT, nullable=False),
        sa.Column("left_at", _INSTANT, nullable=True),
        sa.Column("unplanned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_member")),
        _reference("group_member", "course_group", "group_id"),
        _reference("group_member", "participant"),
        sa.UniqueConstraint(
            "group_id", "participant_id", name=op.f("uq_group_member_group_id_participant_id")
        ),
    )
    op.create_index("ix_group_member_participant_id", "group_member", ["participant_id"])
    unplanned = sa.text("unplanned")
    op.create_index(
        "ix_group_member_unplanned",
        "group_member",
        ["unplanned"],
        sqlite_where=unplanned,
        postgresql_where=unplanned,
    )
    op.create_table(
        "dose",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("planned_at", _INSTANT, nullable=False),
        sa.Column("released_at", _INSTANT, nullable=True),
        sa.Column("opened_at", _INSTANT, nullable=True),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.Column("cancelled_at", _INSTANT, nullable=True),
        sa.Column("minutes", sa.Float(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=True),
        sa.CheckConstraint("source IN ('self', 'staff')", name=op.f("ck_dose_source")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_dose_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose")),
        _reference("dose", "study"),
        _reference("dose", "participant"),
        _reference("dose", "course_group", "group_id"),
        sa.UniqueConstraint(
            "participant_id",
            "programme",
            "session",
            name=op.f("uq_dose_participant_id_programme_session"),
        ),
    )
    to_come = sa.text("released_at IS NULL AND cancelled_at IS NULL")
    op.create_index(
        "ix_dose_planned_at",
        "dose",
        ["planned_at"],
        sqlite_where=to_come,
        postgresql_where=to_come,
    )
    op.create_index("ix_dose_study_id_programme", "dose", ["study_id", "programme"])


def _add_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("raised_at", _INSTANT, nullable=False),
        sa.Column("escalates_at", _INSTANT, nullable=True),
        sa.Column("escalations", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", _INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        _reference("alert", "study"),
        _reference("alert", "participant"),
        _reference("alert", "assessment"),
        sa.UniqueConstraint("assessment_id", "rule", name=op.f("uq_alert_assessment_id_rule")),
    )
    op.create_index("ix_alert_participant_id", "alert", ["participant_id"])
    op.create_index(
        "ix_alert_acknowledged_at_escalates_at", "alert", ["acknowledged_at", "escalates_at"]
    )
    op.create_index("ix_alert_study_id_acknowledged_at", "alert", ["study_id", "acknowledged_at"])


def _add_codes() -> None:
    op.create_table(
        "code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("used_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code")),
        _reference("code", "participant"),
    )
    op.create_index("ix_code_participant_id", "code", ["participant_id"])


def _add_media() -> None:
    op.create_table(
        "media",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_media")),
    )


def _reference(table: str, to: str, column: str | None = None) -> sa.ForeignKeyConstraint:
    column = column or f"{to}_id"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))
