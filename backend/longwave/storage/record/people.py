"""Participants and what is theirs, a range of ids at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from longwave.storage import raw
from longwave.storage.record.common import (
    StoredAllocation,
    all_allocations,
    events_where,
    rows,
    stream,
)
from longwave.storage.tables import (
    Alert,
    Allocation,
    Answer,
    ArmPeriod,
    Assessment,
    Consent,
    ConsentChoice,
    Contact,
    Event,
    Participant,
    Unblinding,
)
from longwave.storage.trail import StoredEvent


class Range(NamedTuple):
    """Participants' ids in (after, upto]."""

    after: int
    upto: int | None

    def holds(self, column: Any) -> ColumnElement[bool]:  # noqa: ANN401
        """Return the condition that an id lies in the range."""
        above = column > self.after
        return above if self.upto is None else and_(above, column <= self.upto)


def ranges(session: Session, most: int) -> Iterator[Range]:
    """Give ranges of about ``most`` participants that together hold every id above 0."""
    after = 0
    while True:
        within = (
            select(col(Participant.id))
            .where(col(Participant.id) > after)
            .order_by(col(Participant.id))
            .limit(most)
            .subquery()
        )
        upto = session.connection().execute(select(func.max(within.c.id))).scalar()
        yield Range(after, upto)
        if upto is None:
            return
        after = upto


class StoredParticipant(NamedTuple):
    """A participant's row, when the address was verified, and since when nothing goes where.

    Instants are text; see `longwave.storage.trail.StoredEvent`.
    """

    id: int
    study_id: int
    public_id: str
    site: str
    stage: str
    programme: str
    follow_up: str
    messages: str
    ineligible_reason: str | None
    stratum: str | None
    stratum_actual: str | None
    duplicate_of: str | None
    screened_at: str
    enrolled_at: str | None
    randomised_at: str | None
    randomised_in_error_at: str | None
    crossover_at: str | None
    withdrawn_at: str | None
    erased_at: str | None
    verified_at: str | None
    email_suppressed_at: str | None
    phone_suppressed_at: str | None
    has_contact: bool
    next_zone: str | None
    language: str


def participants(session: Session, within: Range) -> list[StoredParticipant]:
    """Return participants; ``duplicate_of`` is a public id."""
    first = aliased(Participant)
    plain = (
        Participant.id,
        Participant.study_id,
        Participant.public_id,
        Participant.site,
        Participant.stage,
        Participant.programme,
        Participant.follow_up,
        Participant.messages,
        Participant.ineligible_reason,
        Participant.stratum,
        Participant.stratum_actual,
    )
    instants = (
        Participant.screened_at,
        Participant.enrolled_at,
        Participant.randomised_at,
        Participant.randomised_in_error_at,
        Participant.crossover_at,
        Participant.withdrawn_at,
        Participant.erased_at,
    )
    of_contact = (Contact.verified_at, Contact.email_suppressed_at, Contact.phone_suppressed_at)
    dialect = session.get_bind().dialect.name
    statement = (
        select(
            *map(col, plain),
            col(first.public_id),
            *(raw.instant(dialect, col(column)) for column in (*instants, *of_contact)),
            col(Contact.participant_id).is_not(None),
            col(Participant.next_zone),
            col(Participant.language),
        )
        .outerjoin(Contact, col(Contact.participant_id) == col(Participant.id))
        .outerjoin(first, col(first.id) == col(Participant.duplicate_of))
        .where(within.holds(col(Participant.id)))
        .order_by(col(Participant.id))
    )
    return rows(session, statement, StoredParticipant._make)


def events(session: Session, within: Range, kinds: Iterable[str]) -> Iterator[StoredEvent]:
    """Give the events of some kinds, by participant and id."""
    return events_where(session, kinds, within.holds(col(Event.participant_id)))


def allocations(session: Session, within: Range) -> list[StoredAllocation]:
    """Return participants' allocations."""
    statement = all_allocations(session).where(within.holds(col(Allocation.participant_id)))
    return rows(session, statement, StoredAllocation._make)


class StoredConsent(NamedTuple):
    """A row of a signature; ``statements`` is JSON."""

    participant_id: int
    version: str
    language: str
    document_hash: str
    statements: str
    signed_at: str


def consents(session: Session, within: Range) -> list[StoredConsent]:
    """Return signatures, in the order in which they were written."""
    statement = (
        select(
            col(Consent.participant_id),
            col(Consent.version),
            col(Consent.language),
            col(Consent.document_hash),
            raw.text(col(Consent.statements)),
            raw.instant(session.get_bind().dialect.name, col(Consent.signed_at)),
        )
        .where(within.holds(col(Consent.participant_id)))
        .order_by(col(Consent.id))
    )
    return rows(session, statement, StoredConsent._make)


class StoredChoice(NamedTuple):
    """A row of a choice about a further use."""

    participant_id: int
    use: str
    allowed: bool
    chosen_at: str


def choices(session: Session, within: Range) -> list[StoredChoice]:
    """Return choices, in the order in which they were written."""
    statement = (
        select(
            col(ConsentChoice.participant_id),
            col(ConsentChoice.use),
            col(ConsentChoice.allowed),
            raw.instant(session.get_bind().dialect.name, col(ConsentChoice.chosen_at)),
        )
        .where(within.holds(col(ConsentChoice.participant_id)))
        .order_by(col(ConsentChoice.id))
    )
    return rows(session, statement, StoredChoice._make)


class StoredPeriod(NamedTuple):
    """A row of what an arm meant for a time."""

    participant_id: int
    number: int
    arm: str
    programme: str | None
    starts_at: str
    ends_at: str | None


def periods(session: Session, within: Range) -> list[StoredPeriod]:
    """Return the periods of arms, by number."""
    dialect = session.get_bind().dialect.name
    statement = (
        select(
            col(ArmPeriod.participant_id),
            col(ArmPeriod.number),
            col(ArmPeriod.arm),
            col(ArmPeriod.programme),
            raw.instant(dialect, col(ArmPeriod.starts_at)),
            raw.instant(dialect, col(ArmPeriod.ends_at)),
        )
        .where(within.holds(col(ArmPeriod.participant_id)))
        .order_by(col(ArmPeriod.number))
    )
    return rows(session, statement, StoredPeriod._make)


class StoredUnblinding(NamedTuple):
    """A row of a request to learn an arm."""

    participant_id: int
    requested_at: str
    confirmed_at: str | None


def unblindings(session: Session, within: Range) -> list[StoredUnblinding]:
    """Return requests to learn an arm, in the order in which they were written."""
    dialect = session.get_bind().dialect.name
    statement = (
        select(
            col(Unblinding.participant_id),
            raw.instant(dialect, col(Unblinding.requested_at)),
            raw.instant(dialect, col(Unblinding.confirmed_at)),
        )
        .where(within.holds(col(Unblinding.participant_id)))
        .order_by(col(Unblinding.id))
    )
    return rows(session, statement, StoredUnblinding._make)


class StoredAssessment(NamedTuple):
    """A row of an assessment that has ended."""

    id: int
    participant_id: int
    wave: str
    occurrence: int
    status: str
    salt: bytes | None
    submitted_at: str | None
    closing_reason: str | None


def ended_assessments(
    session: Session, within: Range, statuses: Sequence[str]
) -> list[StoredAssessment]:
    """Return assessments of some statuses."""
    statement = (
        select(
            col(Assessment.id),
            col(Assessment.participant_id),
            col(Assessment.wave),
            col(Assessment.occurrence),
            col(Assessment.status),
            col(Assessment.salt),
            raw.instant(session.get_bind().dialect.name, col(Assessment.submitted_at)),
            col(Assessment.closing_reason),
        )
        .where(
            within.holds(col(Assessment.participant_id)),
            _status_in(statuses),
        )
        .order_by(col(Assessment.id))
    )
    return rows(session, statement, StoredAssessment._make)


class StrayAnswers(NamedTuple):
    """An assessment that has answers although nobody can have given them, or they were erased."""

    participant_id: int
    wave: str
    occurrence: int


def stray_answers(session: Session, within: Range, answerable: Sequence[str]) -> list[StrayAnswers]:
    """Return the assessments with answers that are in no answerable status, or were erased."""
    statement = (
        select(col(Assessment.participant_id), col(Assessment.wave), col(Assessment.occurrence))
        .join(Participant, col(Participant.id) == col(Assessment.participant_id))
        .where(
            within.holds(col(Assessment.participant_id)),
            or_(
                col(Assessment.status).not_in(answerable),
                col(Participant.erased_at).is_not(None),
            ),
            exists().where(col(Answer.assessment_id) == col(Assessment.id)),
        )
        .order_by(col(Assessment.id))
    )
    return rows(session, statement, StrayAnswers._make)


class StoredAnswer(NamedTuple):
    """A row of an answer."""

    assessment_id: int
    instrument: str
    item: str
    value: str | None
    missing_reason: str | None
    other: str | None


def answers(session: Session, within: Range, statuses: Sequence[str]) -> Iterator[StoredAnswer]:
    """Give the answers of assessments of some statuses, by assessment."""
    statement = (
        select(
            col(Answer.assessment_id),
            col(Answer.instrument),
            col(Answer.item),
            col(Answer.value),
            col(Answer.missing_reason),
            col(Answer.other),
        )
        .join(Assessment, col(Assessment.id) == col(Answer.assessment_id))
        .where(
            within.holds(col(Assessment.participant_id)),
            _status_in(statuses),
        )
        .order_by(col(Answer.assessment_id))
    )
    return stream(session, statement, StoredAnswer._make)


class StoredAlert(NamedTuple):
    """A row of an alert; ``salt`` is that of its assessment."""

    participant_id: int
    wave: str
    occurrence: int
    rule: str
    salt: bytes | None
    raised_at: str
    steps: int
    acknowledged_at: str | None
    acknowledged_by: str | None


def alerts(session: Session, within: Range) -> list[StoredAlert]:
    """Return alerts, in the order in which they were written."""
    dialect = session.get_bind().dialect.name
    statement = (
        select(
            col(Alert.participant_id),
            col(Assessment.wave),
            col(Assessment.occurrence),
            col(Alert.rule),
            col(Assessment.salt),
            raw.instant(dialect, col(Alert.raised_at)),
            col(Alert.escalations),
            raw.instant(dialect, col(Alert.acknowledged_at)),
            col(Alert.acknowledged_by),
        )
        .join(Assessment, col(Assessment.id) == col(Alert.assessment_id))
        .where(within.holds(col(Alert.participant_id)))
        .order_by(col(Alert.id))
    )
    return rows(session, statement, StoredAlert._make)


def _status_in(statuses: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition on an assessment's status, in a form that no index answers.

    Nearly all assessments have ended; to look them up by status, once for each range of
    participants, would make the time grow with the square of their number.
    """
    return func.coalesce(col(Assessment.status), "").in_(statuses)
