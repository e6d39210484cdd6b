"""what a trial needs: approvals, clusters, periods of an arm, choices, grants and tokens

Revision: 0002
Revises: 0001
"""

import json
from datetime import datetime

import sqlalchemy as sa
import yaml
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# libyaml takes "{en: How old are you?, tr: ...}", as the protocol's reader does; PyYAML's own
# parser stumbles over it.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_INSTANT = sa.DateTime(timezone=True)
_ALL_SCOPES = json.dumps(["all"])


def upgrade() -> None:
    _add_columns()
    _add_tables()
    _move_staff()
    _rebuild_allocation()
    _rebuild_message()
    _rebuild_answer()
    _fill()
    for table in ("seal", "consent", "consent_choice", "approval"):
        _refuse_changes(table)


def downgrade() -> None:
    raise NotImplementedError("Research data are not migrated backwards: restore a backup.")


def _add_columns() -> None:
    columns = {
        "study": ("closed_at", "locked_at", "archived_at"),
        "contact": ("verified_at",),
        "participant": ("randomised_in_error_at", "crossover_due_at", "erased_at"),
    }
    for table, names in columns.items():
        for name in names:
            op.add_column(table, sa.Column(name, _INSTANT, nullable=True))
    op.add_column("participant", sa.Column("stratum_actual", sa.String(), nullable=True))
    op.execute(
        "ALTER TABLE participant ADD COLUMN duplicate_of INTEGER "
        "CONSTRAINT fk_participant_duplicate_of REFERENCES participant (id)"
    )
    op.add_column("assessment", sa.Column("salt", sa.LargeBinary(), nullable=True))
    op.create_index("ix_participant_crossover_due_at", "participant", ["crossover_due_at"])
    op.create_index("ix_event_participant_id", "event", ["participant_id"])


def _add_tables() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("protocol_version_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("registry_id", sa.String(), nullable=True),
        sa.Column("exemption", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "(registry_id IS NULL) != (exemption IS NULL)", name=op.f("ck_approval_registry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        _reference("approval", "study"),
        _reference("approval", "protocol_version"),
        sa.UniqueConstraint("protocol_version_id", name=op.f("uq_approval_protocol_version_id")),
    )
    op.create_index("ix_approval_study_id", "approval", ["study_id"])
    op.create_table(
        "personal_key",
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_personal_key")),
        _reference("personal_key", "participant"),
    )
    op.create_table(
        "consent_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_choice")),
        _reference("consent_choice", "participant"),
    )
    op.create_index("ix_consent_choice_participant_id", "consent_choice", ["participant_id"])
    op.create_table(
        "screening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('approached', 'declined', 'ineligible')",
            name=op.f("ck_screening_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        _reference("screening", "study"),
    )
    op.create_index("ix_screening_study_id_digest", "screening", ["study_id", "digest"])
    op.create_table(
        "arm_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arm_period")),
        _reference("arm_period", "participant"),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_arm_period_participant_id_number")
        ),
    )
    op.create_table(
        "staff_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("blinded", sa.Boolean(), nullable=False),
        sa.Column("granted_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'coordinator', 'facilitator', 'analyst', 'monitor')",
            name=op.f("ck_staff_grant_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_grant")),
        _reference("staff_grant", "staff"),
        _reference("staff_grant", "study"),
    )
    op.create_index("ix_staff_grant_staff_id", "staff_grant", ["staff_id"])
    op.create_table(
        "staff_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_token")),
        _reference("staff_token", "staff"),
        _reference("staff_token", "study"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_token_token_hash")),
    )
    op.create_index("ix_staff_token_staff_id", "staff_token", ["staff_id"])
    op.create_table(
        "unblinding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unblinding")),
        _reference("unblinding", "participant"),
        _reference("unblinding", "staff"),
    )
    op.create_index("ix_unblinding_participant_id", "unblinding", ["participant_id"])


def _reference(table: str, other: str) -> sa.ForeignKeyConstraint:
    column = f"{other}_id"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _move_staff() -> None:
    """Whoever had a role and a token keeps both, for every study and site."""
    op.execute(
        "INSERT INTO staff_grant (staff_id, study_id, site, role, blinded, granted_at) "
        "SELECT id, NULL, NULL, role, blinded, added_at FROM staff"
    )
    op.execute(
        sa.text(
            "INSERT INTO staff_token "
            "(staff_id, label, token_hash, scopes, study_id, issued_at, expires_at) "
            f"SELECT id, 'sign-in', token_hash, '{_ALL_SCOPES}', NULL, added_at, expires_at "
            "FROM staff"
        )
    )
    with op.batch_alter_table("staff") as batch:
        batch.drop_constraint("uq_staff_token_hash", type_="unique")
        batch.drop_constraint(op.f("ck_staff_role"), type_="check")
        for name in ("role", "blinded", "token_hash", "expires_at"):
            batch.drop_column(name)
        batch.add_column(sa.Column("removed_at", _INSTANT, nullable=True))


def _rebuild_allocation() -> None:
    with op.batch_alter_table("allocation") as batch:
        batch.alter_column("participant_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("cluster", sa.String(), nullable=True))
        batch.create_unique_constraint("uq_allocation_study_id_cluster", ["study_id", "cluster"])
        batch.create_check_constraint(
            op.f("ck_allocation_whose"), "(participant_id IS NULL) != (cluster IS NULL)"
        )
    if _is_sqlite():
        _refuse_changes("allocation")  # its triggers went with the table that was rebuilt


def _rebuild_message() -> None:
    with op.batch_alter_table("message") as batch:
        batch.alter_column("participant_id", existing_type=sa.Integer(), nullable=True)
        batch.alter_column("assessment_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("staff_id", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_message_staff_id", "staff", ["staff_id"], ["id"])
        batch.create_unique_constraint(
            "uq_message_staff_id_step_occurrence_channel",
            ["staff_id", "step", "occurrence", "channel"],
        )
        batch.create_check_constraint(
            op.f("ck_message_whose"), "(participant_id IS NULL) != (staff_id IS NULL)"
        )


def _rebuild_answer() -> None:
    with op.batch_alter_table("answer") as batch:
        batch.drop_constraint(op.f("ck_answer_missing_reason"), type_="check")
        batch.create_check_constraint(
            op.f("ck_answer_missing_reason"),
            "missing_reason IN ('refused', 'skipped', 'invalidated')",
        )


def _fill() -> None:
    """Give participants of a study that runs already what new ones get as they go on."""
    op.execute(
        "UPDATE contact SET verified_at = (SELECT min(opened_at) FROM assessment "
        "WHERE assessment.participant_id = contact.participant_id)"
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT p.id, p.study_id, a.arm, p.randomised_at, p.crossover_at "
            "FROM participant p JOIN allocation a ON a.participant_id = p.id"
        ).columns(randomised_at=_INSTANT, crossover_at=_INSTANT)
    ).all()
    programmes = _programmes(connection)
    periods = [
        period
        for participant_id, study_id, arm, start, crossover in rows
        for period in _periods(participant_id, arm, start, crossover, programmes[study_id][arm])
    ]
    _tell_what_was_left_out(connection)
    if periods:
        table = sa.table(
            "arm_period",
            *(sa.column(name) for name in ("participant_id", "number", "arm", "programme")),
            sa.column("starts_at", _INSTANT),
            sa.column("ends_at", _INSTANT),
        )
        connection.execute(sa.insert(table), periods)


def _tell_what_was_left_out(connection: sa.Connection) -> None:
    """Write the events that the first version left out: of withdrawals, of proved addresses."""
    found = connection.execute(
        sa.text(
            "SELECT a.study_id, a.participant_id, a.wave, a.occurrence, a.status, a.closed_at "
            "FROM assessment a JOIN participant p ON p.id = a.participant_id "
            "WHERE a.status IN ('partial', 'cancelled') AND a.closed_at = p.withdrawn_at "
            "ORDER BY a.id"
        ).columns(closed_at=_INSTANT)
    ).all()
    verified = connection.execute(
        sa.text(
            "SELECT study_id, participant_id, verified_at FROM contact "
            "WHERE verified_at IS NOT NULL ORDER BY participant_id"
        ).columns(verified_at=_INSTANT)
    ).all()
    table = sa.table(
        "event",
        *(sa.column(name) for name in ("study_id", "participant_id", "kind", "actor")),
        sa.column("at", _INSTANT),
        sa.column("payload", sa.JSON),
    )
    told = [
        (study_id, person, f"assessment.{status}", at, {"wave": wave, "occurrence": occurrence})
        for study_id, person, wave, occurrence, status, at in found
    ] + [(study_id, person, "contact.verified", at, {}) for study_id, person, at in verified]
    events = [
        {
            "study_id": study_id,
            "participant_id": person,
            "kind": kind,
            "actor": "upgrade",
            "at": at,
            "payload": payload,
        }
        for study_id, person, kind, at, payload in told
    ]
    if events:
        connection.execute(sa.insert(table), events)


def _programmes(connection: sa.Connection) -> dict[int, dict[str, tuple[str | None, str | None]]]:
    """Return for each study and arm the programme at randomisation and after the crossover."""
    rows = connection.execute(
        sa.text("SELECT study_id, files FROM protocol_version ORDER BY number").columns(
            files=sa.JSON
        )
    )
    return {
        study_id: {
            name: (arm.get("programme"), (arm.get("crossover") or {}).get("programme"))
            for name, arm in (
                yaml.load(files["protocol.yaml"], Loader=_LOADER).get("arms") or {}
            ).items()
        }
        for study_id, files in rows
    }


def _periods(
    participant_id: int,
    arm: str,
    start: datetime,
    crossover: datetime | None,
    programmes: tuple[str | None, str | None],
) -> list[dict[str, object]]:
    common = {"participant_id": participant_id, "arm": arm}
    first = {"number": 1, "programme": programmes[0], "starts_at": start, "ends_at": crossover}
    second = {"number": 2, "programme": programmes[1], "starts_at": crossover, "ends_at": None}
    return [{**common, **first}, *([{**common, **second}] if crossover else [])]


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _refuse_changes(table: str) -> None:
    """What happened stays as it was written: the database itself refuses to change it."""
    if _is_sqlite():
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
    )
