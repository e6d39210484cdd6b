"""How many messages people were sent, counted. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlmodel import Session, col

from longwave.domain.lifecycle import MessageState
from longwave.storage.tables import Allocation, Assessment, Message, Participant

_CONTACTS = (MessageState.SENT, MessageState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages by (arm, kind), the most that one person of an arm got, and people by arm."""

    messages: dict[tuple[str, str], int]
    most: dict[str, int]
    people: dict[str, int]


def count(
    session: Session,
    study_id: int,
    *,
    sites: Collection[str] | None,
    kinds: Collection[str] | None = None,
    hidden_waves: Collection[str] = (),
) -> Counts:
    """Count what those who enrolled were sent, or may have been sent, as if of one arm ``*``.

    Parameters
    ----------
    sites
        Of participants at these sites; None for all.
    kinds, hidden_waves
        Only of these kinds (None: all), and none about these waves.
    """
    where = [
        col(Participant.study_id) == study_id,
        col(Participant.enrolled_at).is_not(None),
        *_at(sites),
    ]
    people = select(literal("*").label("arm"), func.count().label("n")).where(*where)
    contacts = [*where, *_shown(kinds, hidden_waves)]
    return _counted(session, people, literal("*").label("arm"), contacts)


def count_by_arm(session: Session, study_id: int, *, sites: Collection[str] | None) -> Counts:
    """Count what the randomised were sent, or may have been sent, since they were."""
    arm: ColumnElement[str] = col(Allocation.arm).label("arm")
    where = [col(Participant.study_id) == study_id, *_at(sites)]
    people = (
        select(arm, func.count().label("n"))
        .join(Participant, col(Participant.id) == col(Allocation.participant_id))
        .where(*where)
        .group_by(arm)
    )
    since = col(Message.settled_at) >= col(Participant.randomised_at)
    return _counted(session, people, arm, [*where, col(Allocation.arm).is_not(None), since])


def _counted(
    session: Session,
    people: Select[*tuple[Any, ...]],
    arm: ColumnElement[str],
    where: Collection[ColumnElement[bool]],
) -> Counts:
    each = (
        select(arm, col(Message.kind).label("kind"), func.count().label("n"))
        .select_from(Message)
        .join(Participant, col(Participant.id) == col(Message.participant_id))
        .outerjoin(Allocation, col(Allocation.participant_id) == col(Participant.id))
        .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .where(col(Message.state).in_(_CONTACTS), *where)
        .group_by("arm", col(Message.kind), col(Message.participant_id))
        .add_columns(col(Message.participant_id).label("person"))
        .subquery()
    )
    by_kind = select(each.c.arm, each.c.kind, func.sum(each.c.n)).group_by(each.c.arm, each.c.kind)
    of_person = (
        select(each.c.arm, func.sum(each.c.n).label("n"))
        .group_by(each.c.arm, each.c.person)
        .subquery()
    )
    most = select(of_person.c.arm, func.max(of_person.c.n)).group_by(of_person.c.arm)
    return Counts(
        messages={(found, kind): int(n) for found, kind, n in session.execute(by_kind)},
        most={found: int(n) for found, n in session.execute(most)},
        people={found: int(n) for found, n in session.execute(people)},
    )


def _at(sites: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if sites is None else [col(Participant.site).in_(sites)]


def _shown(
    kinds: Collection[str] | None, hidden_waves: Collection[str]
) -> list[ColumnElement[bool]]:
    wave = col(Assessment.wave)
    return [
        *([] if kinds is None else [col(Message.kind).in_(kinds)]),
        *([or_(wave.is_(None), wave.not_in(hidden_waves))] if hidden_waves else []),
    ]
