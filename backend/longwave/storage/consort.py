"""What the flow of participants is counted from: events in their order, and rows by SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, func, select, true
from sqlmodel import Session, col

from longwave.domain.lifecycle import AssessmentStatus, ProgrammeState
from longwave.storage.record.common import events_where
from longwave.storage.tables import (
    Allocation,
    ArmPeriod,
    Assessment,
    Event,
    Participant,
    Screening,
)
from longwave.storage.trail import StoredEvent

_ANSWERED = (AssessmentStatus.COMPLETED, AssessmentStatus.PARTIAL)

Sites = Collection[str] | None
"""The sites to count, or None for all."""


class Facts(NamedTuple):
    """Where somebody stands in the flow. ``arm`` is None before randomisation."""

    stage: str
    reason: str | None
    is_duplicate: bool
    follow_up: str
    arm: str | None
    in_error: bool
    received: bool
    stopped: bool
    crossed_over: bool
    analysed: bool


def events_of_people(
    session: Session, study_id: int, kinds: Iterable[str]
) -> Iterator[StoredEvent]:
    """Give a study's events about participants, by participant and id."""
    return events_where(
        session, kinds, col(Event.study_id) == study_id, col(Event.participant_id).is_not(None)
    )


def events_of_study(session: Session, study_id: int, kinds: Iterable[str]) -> Iterator[StoredEvent]:
    """Give a study's events that are about no participant, by id."""
    return events_where(
        session, kinds, col(Event.study_id) == study_id, col(Event.participant_id).is_(None)
    )


def count_people(
    session: Session, study_id: int, wave: str, sites: Sites
) -> list[tuple[Facts, int]]:
    """Return how many of a study's participants stand at each place of the flow.

    Parameters
    ----------
    wave
        The wave whose assessment makes a randomised participant count as analysed.
    """
    of_person = col(ArmPeriod.participant_id) == col(Participant.id)
    received = exists().where(of_person, col(ArmPeriod.programme).is_not(None))
    answered = exists().where(
        col(Assessment.participant_id) == col(Participant.id),
        col(Assessment.wave) == wave,
        col(Assessment.status).in_(_ANSWERED),
    )
    facts: list[ColumnElement[Any]] = [
        col(Participant.stage).label("stage"),
        col(Participant.ineligible_reason).label("reason"),
        col(Participant.duplicate_of).is_not(None).label("is_duplicate"),
        col(Participant.follow_up).label("follow_up"),
        col(Allocation.arm).label("arm"),
        col(Participant.randomised_in_error_at).is_not(None).label("in_error"),
        received.label("received"),
        (col(Participant.programme) == ProgrammeState.STOPPED).label("stopped"),
        col(Participant.crossover_at).is_not(None).label("crossed_over"),
        and_(
            col(Allocation.arm).is_not(None), col(Participant.erased_at).is_(None), answered
        ).label("analysed"),
    ]
    people = (
        select(*facts)
        .outerjoin(Allocation, col(Allocation.participant_id) == col(Participant.id))
        .where(col(Participant.study_id) == study_id, _at(col(Participant.site), sites))
        .subquery()
    )
    counted = select(*people.c, func.count()).group_by(*people.c)
    return [(Facts._make(row[:-1]), row[-1]) for row in session.connection().execute(counted)]


def count_register(
    session: Session, study_id: int, sites: Sites
) -> list[tuple[str, str | None, int]]:
    """Return how many lines of the screening register tell each outcome and reason."""
    place = (col(Screening.outcome), col(Screening.reason))
    statement = (
        select(*place, func.count())
        .where(col(Screening.study_id) == study_id, _at(col(Screening.site), sites))
        .group_by(*place)
    )
    return [(row[0], row[1], row[2]) for row in session.connection().execute(statement)]


def count_clusters(session: Session, study_id: int) -> list[tuple[str, int]]:
    """Return how many clusters were allocated to each arm."""
    statement = (
        select(col(Allocation.arm), func.count())
        .where(col(Allocation.study_id) == study_id, col(Allocation.cluster).is_not(None))
        .group_by(col(Allocation.arm))
    )
    return [(row[0], row[1]) for row in session.connection().execute(statement)]


def _at(site: SQLColumnExpression[str], sites: Sites) -> ColumnElement[bool]:
    here: ColumnElement[bool] = true() if sites is None else site.in_(sorted(sites))
    return here
