"""What was entered wrongly, put right beside what was entered; nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.instrument import Item
from longwave.domain.items import AnswerError, check_other, check_value, written
from longwave.domain.lifecycle import AssessmentStatus, Stage
from longwave.domain.permissions import Action
from longwave.keys import KeyRing
from longwave.services import audit, personal
from longwave.services.participant import hold_open, record, required_reason
from longwave.services.study import current_protocol, protocol_of
from longwave.storage import assessment as assessments
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_SITE = "site"
_INVALIDATED = "invalidated"
_ENDED = (AssessmentStatus.COMPLETED, AssessmentStatus.PARTIAL)


def correct_stratum(
    session: Session,
    participant: Participant,
    levels: Mapping[str, str],
    *,
    reason: str,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Write the true stratum of a randomised participant beside the one she was randomised in.

    Allocation and stratum stay as they are.

    Parameters
    ----------
    levels
        The true level of each factor that was entered wrongly.

    Raises
    ------
    InvalidInputError
        If a factor or level is none of the protocol's, or nothing changes.
    RefusedTransitionError
        If this participant has not been randomised.
    """
    viewer.require(Action.CORRECT, site=participant.site)
    reason = required_reason(reason)
    participant, study = hold_open(session, participant)
    _require_randomised(participant)
    protocol = current_protocol(session, study)
    factors = protocol.randomisation.strata if protocol.randomisation else ()
    options = {
        item.id: [option.value for option in item.options] for item in protocol.eligibility.items
    } | {_SITE: list(protocol.sites)}
    faults = {
        factor: "This is no stratification factor with such a level."
        for factor, level in levels.items()
        if factor not in factors or level not in options.get(factor, [])
    }
    before = participant.stratum_actual or participant.stratum or ""
    after = _with_levels(before, levels)
    if faults or after == before:
        raise InvalidInputError(
            "The stratum cannot be corrected so.",
            f"Name a level of {', '.join(factors) or 'a factor'} that differs from {before}.",
            faults,
        )
    participant.stratum_actual = after
    payload = {"from": before, "to": after, "reason": reason}
    record(
        session, participant, "participant.stratum_corrected", payload, actor=viewer.name, now=now
    )


def flag_randomised_in_error(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Note that a participant should not have been randomised.

    She keeps her allocation, stays in the flow of participants, and by default in the analysis.

    Raises
    ------
    RefusedTransitionError
        If this participant has not been randomised, or is flagged already.
    """
    viewer.require(Action.CORRECT, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    _require_randomised(participant)
    if participant.randomised_in_error_at is not None:
        raise RefusedTransitionError(
            f"Participant {participant.public_id} is flagged already.", "Nothing more to do."
        )
    participant.randomised_in_error_at = now
    record(
        session,
        participant,
        "participant.randomised_in_error",
        {"reason": reason},
        actor=viewer.name,
        now=now,
    )


def correct_answer(
    session: Session,
    participant: Participant,
    wave: str,
    occurrence: int,
    instrument: str,
    item: str,
    value: str | None,
    *,
    reason: str,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Replace one answer of an assessment that has ended; the trail keeps both, encrypted.

    Parameters
    ----------
    value
        The right answer; None or nothing if there is none, which makes the old one invalid.

    Raises
    ------
    NotFoundError
        If there is no such assessment or question.
    InvalidInputError
        If the value is no answer to the question, or what stands there already.
    RefusedTransitionError
        If the assessment can still be answered, or nothing in it can be corrected any more.
    """
    viewer.require(Action.CORRECT, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    assessment = _ended(session, participant, wave, occurrence)
    question = _question(session, assessment, instrument, item)
    before = assessments.answers(session, key(assessment)).get((instrument, item))
    after = _answer(question, value, before)
    if before is not None and after.says_as(before):
        raise InvalidInputError("This answer stands there already.", "Nothing more to do.")
    values = {
        "from": before.value if before else None,
        "from_reason": before.missing_reason if before else None,
        "to": after.value,
        "to_reason": after.missing_reason,
    }
    if before is not None and before.other is not None:
        values |= {"from_other": before.other, "to_other": after.other}
    sealed = personal.encrypt(session, participant, keys, values)
    assessment.revision += 1
    assessments.store_answers(
        session, key(assessment), instrument, {item: after}, now, revision=assessment.revision
    )
    payload = {
        "wave": wave,
        "occurrence": occurrence,
        "instrument": instrument,
        "item": item,
        "reason": reason,
        "values": sealed,
        "answers": audit.salted_answers(session, assessment),
    }
    record(session, participant, "answer.corrected", payload, actor=viewer.name, now=now)


def _with_levels(stratum: str, levels: Mapping[str, str]) -> str:
    pairs = [part.partition("=") for part in stratum.split("|") if "=" in part]
    return "|".join(f"{name}={levels.get(name, level)}" for name, _, level in pairs)


def _require_randomised(participant: Participant) -> None:
    if participant.stage != Stage.RANDOMISED:
        raise RefusedTransitionError(
            f"Participant {participant.public_id} has not been randomised.",
            "Check the participant's id.",
        )


def _ended(session: Session, participant: Participant, wave: str, occurrence: int) -> Assessment:
    for found in assessments.of_participant(session, key(participant)):
        if (found.wave, found.occurrence) == (wave, occurrence):
            if found.status not in _ENDED:
                raise RefusedTransitionError(
                    f"Wave {wave} of participant {participant.public_id} is {found.status}.",
                    "Only what was completed or begun, and is over, can be corrected.",
                )
            return found
    raise NotFoundError(
        f"Participant {participant.public_id} has no wave {wave[:40]!r} ({occurrence}).",
        "Check the wave's id.",
    )


def _question(session: Session, assessment: Assessment, instrument: str, item: str) -> Item:
    protocol = protocol_of(session, assessment.protocol_version_id)
    if instrument in protocol.wave(assessment.wave).instruments:
        for found in protocol.instruments[instrument].items:
            if found.id == item:
                return found
    raise NotFoundError(
        f"Wave {assessment.wave} does not ask {instrument[:40]}.{item[:40]}.",
        "Check the ids of instrument and item.",
    )


def _answer(question: Item, value: str | None, before: GivenAnswer | None) -> GivenAnswer:
    """Return what holds; what was written beside an option stays as long as that is chosen."""
    given = (value or "").strip()
    if not given:
        return GivenAnswer(None, _INVALIDATED)
    try:
        checked = check_value(question, given)
        other = check_other(question, checked, (before and before.other) or "")
        return GivenAnswer(written(checked), None, other)
    except AnswerError as error:
        raise InvalidInputError(
            "This is no answer to the question.", str(error), {"value": error.complaint}
        ) from None
