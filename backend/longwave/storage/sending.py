"""Messages in hand: taken, begun, settled, and found again when their sender died."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlmodel import Session, col

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Messages, MessageState
from longwave.domain.messages.kinds import ELSEWHERE, WHILE_PAUSED
from longwave.storage.marking import Compiled, Marker
from longwave.storage.study import FROZEN
from longwave.storage.tables import (
    Assessment,
    Attempt,
    Contact,
    Message,
    Participant,
    Staff,
    Study,
)

_UNDER_WAY = (AssessmentStatus.OPEN, AssessmentStatus.STARTED)
_SENDING = col(Message.state) == MessageState.SENDING


def take(
    session: Session,
    taken: Sequence[tuple[int, int]],
    worker: str,
    *,
    now: datetime,
    lease_until: datetime,
) -> None:
    """Give pending messages into a worker's hand: each (id, number of the attempt) of them."""
    connection = session.connection()
    connection.execute(
        _TAKE,
        {"ids": [number for number, _ in taken], "worker": worker, "lease_until": lease_until},
    )
    rows = [{"message_id": found, "number": number, "started_at": now} for found, number in taken]
    connection.execute(insert(Attempt), rows)


_TAKE = (
    update(Message)
    .where(
        col(Message.id).in_(bindparam("ids", expanding=True)),
        col(Message.state) == MessageState.PENDING,
    )
    .values(
        state=MessageState.SENDING,
        worker=bindparam("worker"),
        lease_until=bindparam("lease_until"),
        attempts=col(Message.attempts) + 1,
        begun_at=None,
        reason=None,
    )
)


def begin(
    marker: Marker,
    message_id: int,
    worker: str,
    now: datetime,
    *,
    before: Done | None,
    is_for_staff: bool,
) -> bool:
    """Note that a message in hand is handed over now, if it is still to be sent.

    First is noted what became of the attempt ``before``. Whoever pauses or leaves at the same
    moment comes before or after as a whole: nothing is handed over that began after it.
    """
    begin = _BEGIN_FOR_STAFF if is_for_staff else _BEGIN
    parameters = {"which": message_id, "hand": worker, "now": now}
    if before is not None and marker.dialect.name == "postgresql":
        both = _finish_and(begin)
        return marker.mark(_compiled(both, marker.dialect), parameters | before._asdict()) == 1
    if before is not None:
        marker.mark(_compiled(_FINISH, marker.dialect), before._asdict())
    return marker.mark(_compiled(begin, marker.dialect), parameters) == 1


@lru_cache(maxsize=32)
def _compiled(statement: Update, dialect: Dialect) -> Compiled:
    return Compiled(statement, dialect)


@cache
def _finish_and(begin: Update) -> Update:
    """Return both statements as one, which takes one journey to the server."""
    return begin.add_cte(_FINISH.cte("finished"))


def _begin(*wanted: Any) -> Update:  # noqa: ANN401
    return (
        update(Message)
        .where(
            col(Message.id) == bindparam("which"),
            _SENDING,
            col(Message.worker) == bindparam("hand"),
            col(Message.begun_at).is_(None),
            col(Message.lease_until) > bindparam("now"),
            *wanted,
        )
        .values(begun_at=bindparam("now"))
    )


def _is_of(kinds: Collection[str]) -> ColumnElement[bool]:
    return or_(*(col(Message.kind) == kind for kind in kinds))


_WANTS_IT = (
    select(col(Participant.id))
    .where(
        col(Participant.id) == col(Message.participant_id),
        col(Participant.erased_at).is_(None),
        or_(col(Participant.messages) == Messages.ON, _is_of(WHILE_PAUSED)),
        or_(
            col(Participant.follow_up) == FollowUp.ACTIVE,
            and_(
                col(Message.assessment_id).is_(None),
                col(Participant.follow_up) != FollowUp.DECEASED,
            ),
        ),
    )
    .with_for_update(read=True, skip_locked=True)
)
_IS_REACHED = select(col(Contact.participant_id)).where(
    col(Contact.participant_id) == col(Message.participant_id),
    or_(
        and_(col(Message.channel) == "email", col(Contact.email_suppressed_at).is_(None)),
        and_(col(Message.channel) == "sms", col(Contact.phone_suppressed_at).is_(None)),
        _is_of(ELSEWHERE),
    ),
)
_IS_ASKED = (
    select(col(Assessment.id))
    .join(Study, col(Study.id) == col(Assessment.study_id))
    .where(
        col(Assessment.id) == col(Message.assessment_id),
        or_(*(col(Assessment.status) == status for status in _UNDER_WAY)),
        col(Assessment.expires_at) > bindparam("now"),
        *(col(Study.state) != state for state in FROZEN),
    )
)
_WORKS_HERE = select(col(Staff.id)).where(
    col(Staff.id) == col(Message.staff_id), col(Staff.removed_at).is_(None)
)
_BEGIN_FOR_STAFF = _begin(_WORKS_HERE.exists())
_BEGIN = _begin(
    or_(col(Message.assessment_id).is_(None), _IS_ASKED.exists()),
    _IS_REACHED.exists(),
    _WANTS_IT.exists(),
)


class Done(NamedTuple):
    """What became of an attempt."""

    of_message: int
    of_number: int
    finished_at: datetime
    outcome: str
    detail: str
    segments: int | None


def finish_attempts(connection: Connection, done: Sequence[Done]) -> None:
    """Note what became of attempts, before their messages are settled."""
    if done:
        connection.execute(_FINISH, [one._asdict() for one in done])


_FINISH = (
    update(Attempt)
    .where(
        col(Attempt.message_id) == bindparam("of_message"),
        col(Attempt.number) == bindparam("of_number"),
    )
    .values(
        finished_at=bindparam("finished_at"),
        outcome=bindparam("outcome"),
        detail=bindparam("detail"),
        segments=bindparam("segments"),
    )
)


def settle(
    session: Session,
    message_ids: Collection[int],
    worker: str,
    state: str,
    *,
    now: datetime,
    reason: str | None,
) -> set[int]:
    """End messages that a worker has in hand; return those that it still had."""
    statement = (
        update(Message)
        .where(col(Message.id).in_(message_ids), _SENDING, col(Message.worker) == worker)
        .values(state=state, settled_at=now, lease_until=None, reason=reason)
        .returning(col(Message.id))
    )
    return {found for (found,) in session.connection().execute(statement) if found is not None}


def try_later(session: Session, moved: Sequence[tuple[int, datetime]], worker: str) -> None:
    """Let messages in hand be tried again: each (id, from when on) of them."""
    if moved:
        rows = [{"which": found, "at": at, "hand": worker} for found, at in moved]
        session.connection().execute(_TRY_LATER, rows)


_TRY_LATER = (
    update(Message)
    .where(
        col(Message.id) == bindparam("which"), _SENDING, col(Message.worker) == bindparam("hand")
    )
    .values(state=MessageState.PENDING, due_at=bindparam("at"), lease_until=None, begun_at=None)
)


def give_back(session: Session, message_ids: Collection[int], worker: str) -> None:
    """Put back what a worker took and never began to hand over: that was no attempt."""
    if not message_ids:
        return
    connection = session.connection()
    given = connection.execute(
        update(Message)
        .where(
            col(Message.id).in_(message_ids),
            _SENDING,
            col(Message.worker) == worker,
            col(Message.begun_at).is_(None),
        )
        .values(state=MessageState.PENDING, lease_until=None, attempts=col(Message.attempts) - 1)
        .returning(col(Message.id))
    ).scalars()
    connection.execute(
        delete(Attempt).where(
            col(Attempt.message_id).in_(list(given)), col(Attempt.finished_at).is_(None)
        )
    )


class Stalled(NamedTuple):
    """A message whose sender was not heard of again; ``outcome`` is that of its attempt."""

    message_id: int
    study_id: int
    participant_id: int | None
    assessment_id: int | None
    kind: str
    step: str
    worker: str
    attempt: int
    begun_at: datetime | None
    outcome: str | None
    finished_at: datetime | None


def stalled(session: Session, now: datetime, limit: int) -> list[Stalled]:
    """Return messages whose lease is over; their rows are locked."""
    rows = session.connection().execute(_STALLED, {"now": now, "most": limit})
    return list(map(Stalled._make, rows))


_STALLED = (
    select(
        col(Message.id),
        col(Message.study_id),
        col(Message.participant_id),
        col(Message.assessment_id),
        col(Message.kind),
        col(Message.step),
        col(Message.worker),
        col(Message.attempts),
        col(Message.begun_at),
        col(Attempt.outcome),
        col(Attempt.finished_at),
    )
    .outerjoin(
        Attempt,
        and_(
            col(Attempt.message_id) == col(Message.id),
            col(Attempt.number) == col(Message.attempts),
        ),
    )
    .where(_SENDING, col(Message.lease_until) < bindparam("now"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Message)
)
