"""The language in which a participant is written to and asked."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import participant as lifecycle
from longwave.services.participant import hold_open, person_of, record
from longwave.services.study import current_protocol
from longwave.storage.tables import Participant

_PARTICIPANT = "participant"


def change_language(
    session: Session, participant: Participant, language: str, *, now: datetime
) -> None:
    """Let messages and questionnaires come in another language from now on.

    What was signed stays as it was signed.

    Raises
    ------
    InvalidInputError
        If the study does not speak it.
    RefusedTransitionError
        If the participant has left, or the study is locked.
    """
    participant, study = hold_open(session, participant)
    lifecycle.be_reached(person_of(participant))
    if language not in current_protocol(session, study).study.languages:
        raise InvalidInputError(
            f"The study does not speak {language[:20]!r}.",
            "Choose one of its languages.",
            {"language": "Please choose one of the languages on offer."},
        )
    if language == participant.language:
        return
    participant.language = language
    told = {"language": language}
    record(session, participant, "participant.language_changed", told, actor=_PARTICIPANT, now=now)
