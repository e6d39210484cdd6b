"""An assessment completed, and what hangs on it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError
from longwave.domain.items import Complaint
from longwave.domain.lifecycle import AssessmentStatus
from longwave.keys import KeyRing
from longwave.services import audit, outbox, randomisation, safety, timeline
from longwave.services.assessment.finding import (
    PARTICIPANT,
    answers_of,
    hold,
    questionnaire,
)
from longwave.services.assessment.questionnaire import Answers
from longwave.storage import study as studies
from longwave.storage.tables import Assessment


def submit(session: Session, assessment: Assessment, *, keys: KeyRing, now: datetime) -> None:
    """Complete an assessment, and let follow what hangs on it.

    Raises
    ------
    InvalidInputError
        If nothing was answered, or an item that is shown and required was not; it names them.
    """
    participant = hold(session, assessment, now)
    study = studies.by_id(session, assessment.study_id)
    answers = answers_of(session, assessment)
    if assessment.started_at is None:
        raise InvalidInputError("Nothing was answered yet.", "Answer the questions first.")
    _require_what_is_required(session, assessment, answers)
    safety.look(session, assessment, at_the_end=True, now=now)
    assessment.status = AssessmentStatus.COMPLETED
    assessment.submitted_at = now
    assessment.closed_at = now
    audit.record(
        session,
        study,
        "assessment.completed",
        {
            "wave": assessment.wave,
            "occurrence": assessment.occurrence,
            "answered": sum(answer.value is not None for answer in answers.values()),
            "items": len(answers),
            "answers": audit.salted_answers(session, assessment),
        },
        actor=PARTICIPANT,
        now=now,
        participant=participant,
    )
    session.flush()
    randomisation.randomise_if_due(session, study, participant, keys=keys, now=now)
    outbox.forget_assessment(session, assessment, now=now)
    timeline.wave_is_over(session, study, participant, assessment.wave, keys=keys)
    session.flush()


def _require_what_is_required(session: Session, assessment: Assessment, answers: Answers) -> None:
    sheet = questionnaire(session, assessment)
    visible = sheet.visible(answers)
    faults: dict[str, str] = {
        item.id: Complaint("Please answer this question.")
        for one in sheet.instruments
        for item in one.asked
        if item.required and visible[one.id, item.id]
        if (given := answers.get((one.id, item.id))) is None or given.value is None
    }
    if faults:
        raise InvalidInputError("Some answers are missing.", "See the marked places.", faults)
