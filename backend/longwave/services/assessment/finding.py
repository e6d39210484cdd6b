"""An assessment found by its link or its id, and whether it can be answered now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import (
    LinkExpiredError,
    LinkUsedError,
    LongwaveError,
    NotFoundError,
)
from longwave.domain.lifecycle import AssessmentStatus
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.ordering import drawn_order
from longwave.domain.randomisation.draws import Draws
from longwave.keys import KeyRing, Purpose, token_hash
from longwave.services import expiry, randomisation
from longwave.services.assessment.questionnaire import Answers, Questionnaire
from longwave.services.consent import consent_needed, require_consent, who_must_sign
from longwave.services.participant import record, require_open
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant, Study
from longwave.storage.tables.base import key

PARTICIPANT = "participant"


def follow_link(session: Session, token: str, *, now: datetime) -> Assessment:
    """Return the assessment that a link leads to, if it can be answered now; change nothing."""
    return _answerable(assessments.by_token(session, token_hash(token)), now)


def look_behind(
    session: Session, token: str, *, now: datetime
) -> tuple[Assessment, LinkExpiredError | LinkUsedError | None]:
    """Return the assessment that a link leads to, with the reason why it cannot be answered now.

    Raises
    ------
    NotFoundError
        If the link leads nowhere.
    """
    found = assessments.by_token(session, token_hash(token))
    try:
        return _answerable(found, now), None
    except (LinkExpiredError, LinkUsedError) as failure:
        assert found is not None
        return found, failure


def load(session: Session, assessment_id: int, *, now: datetime) -> Questionnaire:
    """Return an assessment by its id with what its pages need, if it can be answered now.

    Raises
    ------
    ConsentNeededError
        If a new version of the consent document has to be signed first.
    """
    found = assessments.with_owner(session, assessment_id)
    assessment = _answerable(found and found[0], now)
    assert found is not None
    lifecycle.require_data_open(found[2].state)
    require_consent(session, found[1])
    return _sheet(session, assessment, found[1], found[2])


def load_together(
    session: Session, assessment_ids: Collection[int], *, now: datetime
) -> dict[int, Questionnaire | LongwaveError]:
    """Return several assessments as `load` does, or why they cannot be answered; by id.

    Nobody else writes for their participants until the transaction ends. Those for whose
    participants somebody else is writing now are left out.
    """
    found = assessments.held_with_owners(session, assessment_ids)
    states = {
        study_id: studies.hold_state(session, study_id)
        for study_id in sorted({key(study) for _, _, study in found.values()})
    }
    must_sign = who_must_sign(session, [participant for _, participant, _ in found.values()])

    sheets: dict[int, Questionnaire | LongwaveError] = {}
    for assessment_id, (row, participant, study) in found.items():
        try:
            assessment = _answerable(row, now)
            lifecycle.require_data_open(states[key(study)])
            if participant.id in must_sign:
                raise consent_needed()
            sheets[assessment_id] = _sheet(session, assessment, participant, study)
        except LongwaveError as error:
            sheets[assessment_id] = error
    return sheets


def begin(session: Session, token: str, *, keys: KeyRing, now: datetime) -> Assessment:
    """Note that a participant pressed the button behind the link.

    The link went to her address, which is thereby verified.
    """
    assessment = follow_link(session, token, now=now)
    participant = hold_link(session, assessment, now)
    _draw_orders(session, assessment, participant, keys)
    expiry.opened(session, assessment, now=now)
    _verify_contact(session, participant, keys, now)
    session.flush()
    return assessment


def _verify_contact(
    session: Session, participant: Participant, keys: KeyRing, now: datetime
) -> None:
    contact = participants.contact(session, key(participant))
    if contact is None or contact.verified_at is not None:
        return
    contact.verified_at = now
    record(session, participant, "contact.verified", {}, actor=PARTICIPANT, now=now)
    study = studies.by_id(session, participant.study_id)
    randomisation.randomise_if_due(session, study, participant, keys=keys, now=now)


def questionnaire(session: Session, assessment: Assessment) -> Questionnaire:
    """Gather what the pages of an assessment need."""
    return _sheet(session, assessment, *assessments.owner(session, assessment))


def answers_of(session: Session, assessment: Assessment) -> Answers:
    """Return what was answered so far, by instrument and item."""
    return assessments.answers(session, key(assessment))


def hold(session: Session, assessment: Assessment, now: datetime) -> Participant:
    """Do as `hold_link` does, and let nobody answer who has a new document to sign first."""
    participant = hold_link(session, assessment, now)
    require_consent(session, participant)
    return participant


def hold_link(session: Session, assessment: Assessment, now: datetime) -> Participant:
    """Keep everybody else from writing for this person, then look again whether it is open."""
    participant = participants.lock(session, assessment.participant_id)
    require_open(session, assessment.study_id)
    assessments.refresh(session, assessment)
    _answerable(assessment, now)
    return participant


def _answerable(assessment: Assessment | None, now: datetime) -> Assessment:
    if assessment is None:
        raise NotFoundError(
            "This link is not known.", "Please open it from the message again, in full."
        )
    if assessment.status == AssessmentStatus.COMPLETED:
        raise LinkUsedError(
            "This questionnaire is complete. Thank you.", "There is nothing more to do."
        )
    if assessment.status not in (AssessmentStatus.OPEN, AssessmentStatus.STARTED) or (
        now >= assessment.expires_at
    ):
        raise LinkExpiredError(
            "This questionnaire cannot be answered now.",
            "If that is a surprise, please ask the study team.",
        )
    return assessment


def _sheet(
    session: Session, assessment: Assessment, participant: Participant, study: Study
) -> Questionnaire:
    protocol = protocol_of(session, assessment.protocol_version_id)
    wave = protocol.wave(assessment.wave)
    return Questionnaire(
        assessment=assessment,
        participant=participant,
        study=study,
        protocol=protocol,
        wave=wave,
        instruments=tuple(protocol.instruments[name] for name in wave.instruments),
    )


def _draw_orders(
    session: Session, assessment: Assessment, participant: Participant, keys: KeyRing
) -> None:
    """Draw and record in which order items are shown, once, where chance decides it."""
    if assessment.item_orders is not None:
        return
    protocol = protocol_of(session, assessment.protocol_version_id)
    asked = [protocol.instruments[name] for name in protocol.wave(assessment.wave).instruments]
    orders: dict[str, list[str]] = {}
    for instrument in asked:
        if instrument.item_order == "random":
            occasion = f"{participant.public_id}:{assessment.wave}:{assessment.occurrence}"
            seed = keys.mac(Purpose.SAMPLING, f"{occasion}:{instrument.id}")
            draws = Draws(bytes.fromhex(seed), instrument.id)
            orders[instrument.id] = list(drawn_order(instrument, draws.below))
    assessment.item_orders = orders or None
