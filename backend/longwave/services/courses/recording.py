"""That a dose was taken, or not: written once, proved by a digest in the trail.

What somebody did is research data about a person, like an answer: the event holds a salted
digest, and erasing dose and salt erases it.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError
from longwave.services import audit
from longwave.services.participant import record
from longwave.storage.tables import Dose, Participant

LONGEST = 1440.0
"""Minutes of a day."""

_SALT_BYTES = 32

Source = Literal["self", "staff"]


def write(
    session: Session,
    participant: Participant,
    dose: Dose,
    *,
    done_at: datetime | None,
    minutes: float | None,
    source: Source,
    actor: str,
    now: datetime,
    kind: str = "dose.recorded",
    more: dict[str, str] | None = None,
) -> None:
    """Write down whether a dose was taken, and when, and how long it took."""
    dose.done_at = done_at
    dose.minutes = minutes if done_at is not None else None
    dose.source = source
    dose.recorded_by = actor if source == "staff" else None
    if dose.salt is None:
        dose.salt = secrets.token_bytes(_SALT_BYTES)
    told = {
        "programme": dose.programme,
        "session": dose.session,
        "source": source,
        "dose": audit.dose_digest(dose.salt, done_at is not None, dose.minutes),
        **(more or {}),
    }
    record(session, participant, kind, told, actor=actor, now=now)


def checked_minutes(minutes: float | None) -> float | None:
    """Return minutes to a tenth.

    Raises
    ------
    InvalidInputError
        If they are no part of a day.
    """
    if minutes is None:
        return None
    if not 0 <= minutes <= LONGEST:
        raise InvalidInputError(
            "The minutes are a number from 0 to 1440.",
            "Write how many minutes it took.",
            {"minutes": "must be a number from 0 to 1440"},
        )
    return round(float(minutes), 1)
