"""Events, written as things happen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from longwave.storage import trail
from longwave.storage.tables import Participant, Study


def record(
    session: Session,
    study: Study | None,
    kind: str,
    payload: dict[str, Any],
    *,
    actor: str,
    now: datetime,
    participant: Participant | None = None,
) -> None:
    """Write one event. ``payload`` must hold no personal value."""
    note(
        session,
        kind,
        payload,
        study_id=study.id if study else None,
        participant_id=participant.id if participant else None,
        actor=actor,
        now=now,
    )


def note(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    study_id: int | None,
    participant_id: int | None,
    actor: str,
    now: datetime,
) -> None:
    """Write one event about rows that only their keys are known of."""
    trail.append(
        session,
        {
            "study_id": study_id,
            "participant_id": participant_id,
            "kind": kind,
            "actor": actor,
            "at": now,
            "payload": payload,
        },
    )


def begin(session: Session) -> None:
    """Say that this transaction writes events; for one that locks rows which others wait for."""
    trail.hold(session)


def note_all(session: Session, events: Sequence[dict[str, Any]]) -> None:
    """Write many events at once; each has the fields of `note`, and the moment as ``at``."""
    trail.append_all(session, events)
