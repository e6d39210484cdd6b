"""Participants' rows held against the trail: what stands in them must follow from the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, ProgrammeState
from longwave.domain.replay import person
from longwave.domain.replay.person import PersonState
from longwave.domain.trail import Happened, read_payload
from longwave.services.audit import courses
from longwave.services.audit.answers import answers_digest, rule_digest
from longwave.services.audit.report import TrailReport
from longwave.storage import record
from longwave.storage.assessment import GivenAnswer
from longwave.storage.record import (
    Range,
    StoredAlert,
    StoredAllocation,
    StoredAssessment,
    StoredChoice,
    StoredConsent,
    StoredDose,
    StoredErasureRequest,
    StoredParticipant,
    StoredPeriod,
    StoredPlace,
    StoredUnblinding,
    StrayAnswers,
)
from longwave.storage.trail import StoredEvent

_PEOPLE = 200
_ANSWERED = (AssessmentStatus.COMPLETED, AssessmentStatus.PARTIAL)
_ENDED = tuple(status for status in AssessmentStatus if status.is_over)
_ANSWERABLE = (AssessmentStatus.STARTED, *_ANSWERED)
_FACTS = (
    "site",
    "stage",
    "follow_up",
    "messages",
    "duplicate_of",
    "stratum",
    "stratum_actual",
    "screened_at",
    "enrolled_at",
    "randomised_at",
    "randomised_in_error_at",
    "crossover_at",
    "withdrawn_at",
    "erased_at",
)

HasProgramme = Callable[[int, str], bool]
"""Whether an arm of a study begins with a programme; for events of 0.1, which do not tell."""

Row = TypeVar("Row", bound=tuple[Any, ...])


@dataclass(slots=True)
class _Person:
    """Everything that the tables hold of a participant, and what follows from the events."""

    row: StoredParticipant | None = None
    state: PersonState = field(default_factory=PersonState)
    faults: list[str] = field(default_factory=list)
    allocations: list[StoredAllocation] = field(default_factory=list)
    consents: list[StoredConsent] = field(default_factory=list)
    choices: list[StoredChoice] = field(default_factory=list)
    periods: list[StoredPeriod] = field(default_factory=list)
    unblindings: list[StoredUnblinding] = field(default_factory=list)
    assessments: list[StoredAssessment] = field(default_factory=list)
    strays: list[StrayAnswers] = field(default_factory=list)
    places: list[StoredPlace] = field(default_factory=list)
    doses: list[StoredDose] = field(default_factory=list)
    alerts: list[StoredAlert] = field(default_factory=list)
    erasures: list[StoredErasureRequest] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)


def check_people(
    session: Session,
    slugs: Mapping[int, str],
    has_programme: HasProgramme,
    report: TrailReport,
) -> None:
    """Replay every participant's events, and note in ``report`` each row that does not follow.

    Participants are read some hundreds at a time, so that memory does not grow with the study.

    Parameters
    ----------
    slugs
        The studies' names, by id.
    has_programme
        See `HasProgramme`.
    """
    for within in record.ranges(session, _PEOPLE):
        for participant_id, found in sorted(_read(session, within).items()):
            report.participants += found.row is not None
            place = _place(participant_id, found.row, slugs)
            for what in _findings(found, has_programme, report):
                report.add(place, what)


def _place(participant_id: int, row: StoredParticipant | None, slugs: Mapping[int, str]) -> str:
    if row is None:
        return f"participant number {participant_id}"
    return f"participant {row.public_id} of {slugs.get(row.study_id, 'no study')}"


# --- reading -------------------------------------------------------------------------------------


def _read(session: Session, within: Range) -> dict[int, _Person]:
    people: dict[int, _Person] = {
        row.id: _Person(row) for row in record.participants(session, within)
    }
    for participant_id, events in groupby(
        record.events(session, within, person.KINDS), lambda event: event.participant_id or 0
    ):
        _replay(people.setdefault(participant_id, _Person()), events)
    for name, rows in (
        ("allocations", record.allocations(session, within)),
        ("consents", record.consents(session, within)),
        ("choices", record.choices(session, within)),
        ("periods", record.periods(session, within)),
        ("unblindings", record.unblindings(session, within)),
        ("erasures", record.erasure_requests(session, within)),
        ("assessments", record.ended_assessments(session, within, _ENDED)),
        ("alerts", record.alerts(session, within)),
        ("strays", record.stray_answers(session, within, _ANSWERABLE)),
        ("places", record.places(session, within)),
        ("doses", record.doses(session, within)),
    ):
        for row in rows:
            getattr(people.setdefault(row.participant_id or 0, _Person()), name).append(row)
    _digest(session, within, people)
    return people


def _replay(found: _Person, events: Iterable[StoredEvent]) -> None:
    for event in events:
        if found.row is not None and event.study_id != found.row.study_id:
            found.faults.append(f"event {event.id} is of another study")
        told = Happened(event.id, event.kind, event.actor, event.at, read_payload(event.payload))
        try:
            person.apply(found.state, told)
        except ValueError as error:
            found.faults.append(str(error))


def _digest(session: Session, within: Range, people: Mapping[int, _Person]) -> None:
    """Compute the digest of the answers of every assessment that has a salt."""
    salted = {
        row.id: (found, row.salt)
        for found in people.values()
        for row in found.assessments
        if row.salt is not None and row.status in _ANSWERED
    }
    for assessment_id, (found, salt) in salted.items():
        found.digests[assessment_id] = answers_digest(salt, {})  # of those without an answer
    for assessment_id, rows in groupby(
        record.answers(session, within, _ANSWERED), lambda answer: answer.assessment_id
    ):
        if assessment_id in salted:
            found, salt = salted[assessment_id]
            answers = {
                (row.instrument, row.item): GivenAnswer(row.value, row.missing_reason, row.other)
                for row in rows
            }
            found.digests[assessment_id] = answers_digest(salt, answers)


# --- comparing -----------------------------------------------------------------------------------


def _findings(found: _Person, has_programme: HasProgramme, report: TrailReport) -> Iterator[str]:
    yield from found.faults
    row, state = found.row, found.state
    if row is None:
        yield "events or rows are about nobody who is in the table of participants"
        return
    for fact in _FACTS:
        if getattr(row, fact) != getattr(state, fact):
            yield f"participant.{fact} is not what follows from the trail"
    if row.next_zone != state.zone:
        yield "participant.next_zone is not what follows from the trail"
    if state.language is not None and row.language != state.language:
        yield "participant.language is not what follows from the trail"
    if row.has_contact and row.verified_at != state.verified_at:
        yield "contact.verified_at is not what follows from the trail"
    if row.has_contact and (row.email_suppressed_at, row.phone_suppressed_at) != (
        state.suppressed_at.get("email"),
        state.suppressed_at.get("phone"),
    ):
        yield "contact: whether messages are let through is not what follows from the trail"
    if state.ineligible_reason is not None and row.ineligible_reason != state.ineligible_reason:
        yield "participant.ineligible_reason is not what follows from the trail"
    if row.programme != _programme(row, state, has_programme):
        yield "participant.programme is not what follows from the trail"
    yield from _allocation(found)
    yield from _consents(found)
    yield from _same(
        "consent_choice",
        [(row.use, bool(row.allowed), row.chosen_at) for row in found.choices],
        state.choices,
    )
    yield from _periods(found)
    requested = sorted(row.requested_at for row in found.unblindings)
    confirmed = sorted(row.confirmed_at for row in found.unblindings if row.confirmed_at)
    if (requested, confirmed) != (sorted(state.requested), sorted(state.unblinded)):
        yield "unblinding: the rows are not those that follow from the trail"
    if [row.asked_at for row in found.erasures] != state.erasure_asked:
        yield "task: the requests for erasure are not those that follow from the trail"
    yield from _alerts(found)
    yield from _assessments(found, report)
    erased = state.erased_at is not None
    yield from courses.findings(found.places, found.doses, state.course, erased=erased)


def _programme(
    row: StoredParticipant, state: PersonState, has_programme: HasProgramme
) -> ProgrammeState:
    """Return the state of the programme, which randomisation alone began in version 0.1."""
    if (
        state.programme is ProgrammeState.NOT_STARTED
        and not state.tells_programmes
        and has_programme(row.study_id, state.allocations[0].arm)
    ):
        return ProgrammeState.ON
    return state.programme


def _allocation(found: _Person) -> Iterator[str]:
    told = found.state.allocations
    if len(told) > 1:
        yield "the trail tells of more than one allocation"
    yield from _same(
        "allocation",
        [(row.list, row.position, row.arm, row.allocated_at) for row in found.allocations],
        told,
    )
    if found.row and any(row.study_id != found.row.study_id for row in found.allocations):
        yield "allocation: it is of another study"


def _consents(found: _Person) -> Iterator[str]:
    rows, told = found.consents, found.state.consents
    if len(rows) != len(told):
        yield f"consent: {len(told)} follow from the trail, and {len(rows)} stand in the table"
        return
    for row, signed in zip(rows, told, strict=True):
        language = signed.language is None or signed.language == row.language
        same = (row.version, row.document_hash, row.signed_at) == (
            signed.version,
            signed.document,
            signed.at,
        )
        if not (same and language and _same_statements(row.statements, signed.statements)):
            yield f"consent: the signature under version {row.version} is not that of the trail"


def _same_statements(stored: str, told: Mapping[str, bool] | None) -> bool:
    return told is None or read_payload(stored) == told


def _periods(found: _Person) -> Iterator[str]:
    """Hold the periods against the trail; version 0.1 wrote no events of programmes."""
    state = found.state
    if not state.allocations:
        if found.periods:
            yield "arm_period: one stands in the table, and nobody was randomised"
        return
    if any(row.arm != state.allocations[0].arm for row in found.periods):
        yield "arm_period: it is of another arm"
    if state.tells_programmes:
        yield from _same(
            "arm_period",
            [(row.number, row.programme, row.starts_at, row.ends_at) for row in found.periods],
            _periods_told(state),
        )


def _periods_told(state: PersonState) -> list[tuple[int, str | None, str | None, str | None]]:
    """Return what an arm meant: from randomisation on, and from the crossover on."""
    programmes = {started.number: started.programme for started in state.started}
    begun = [state.randomised_at, *([state.crossover_at] if state.crossover_at else [])]
    ends = [*begun[1:], None]
    return [
        (number, programmes.get(number), starts, end)
        for number, (starts, end) in enumerate(zip(begun, ends, strict=True), start=1)
    ]


def _alerts(found: _Person) -> Iterator[str]:
    told = dict(found.state.alerts)
    numbers: Counter[tuple[str, int]] = Counter()
    for row in found.alerts:
        numbers[row.wave, row.occurrence] += 1
        number = numbers[row.wave, row.occurrence]
        name = f"alert {number} of assessment {row.wave}.{row.occurrence}"
        alerted = told.pop((row.wave, row.occurrence, number), None)
        if alerted is None:
            yield f"{name}: it does not follow from the trail"
        elif row.salt is None or rule_digest(row.salt, row.rule) != alerted.salted:
            yield f"{name}: its rule is not the one that was set off"
        elif alerted[1:] != (row.raised_at, row.steps, row.acknowledged_at, row.acknowledged_by):
            yield f"{name}: what became of it is not what follows from the trail"
    for wave, occurrence, number in told:
        yield f"alert {number} of assessment {wave}.{occurrence}: the table does not hold it"


def _assessments(found: _Person, report: TrailReport) -> Iterator[str]:
    told = dict(found.state.assessments)
    for row in found.assessments:
        name = f"assessment {row.wave}.{row.occurrence}"
        ended = told.pop((row.wave, row.occurrence), None)
        if ended is None:
            yield f"{name}: that it has ended does not follow from the trail"
        elif ended.status != row.status:
            yield f"{name}: its status is not what follows from the trail"
        elif row.submitted_at != (ended.at if row.status == AssessmentStatus.COMPLETED else None):
            yield f"{name}: when it was handed in is not what follows from the trail"
        elif ended.reason is not None and row.closing_reason != ended.reason:
            yield f"{name}: by which rule it closed is not what follows from the trail"
        elif row.status in _ANSWERED:
            yield from _answers(found, row, ended.answers, report)
    for wave, occurrence in told:
        yield f"assessment {wave}.{occurrence}: it has ended, and the table does not say so"
    for stray in found.strays:
        yield (
            f"answers of assessment {stray.wave}.{stray.occurrence}: "
            "they were erased, or never given, and stand in the table"
        )


def _answers(
    found: _Person, row: StoredAssessment, digest: str | None, report: TrailReport
) -> Iterator[str]:
    if digest is None or found.state.erased_at is not None:
        report.unproved += 1
    elif found.digests.get(row.id) != digest:
        yield (
            f"answers of assessment {row.wave}.{row.occurrence}: "
            "they are not those that were handed in or corrected"
        )
    else:
        report.proved += 1


def _same(what: str, rows: list[Row], told: list[Any]) -> Iterator[str]:
    if len(rows) != len(told):
        yield f"{what}: {len(told)} follow from the trail, and {len(rows)} stand in the table"
    elif any(row != tuple(event) for row, event in zip(rows, told, strict=True)):
        yield f"{what}: it is not what follows from the trail"
