"""Messages taken on: a small batch in one transaction, under a lease."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from longwave.domain.errors import LongwaveError
from longwave.domain.lifecycle import Channel, MessageState, StudyMode
from longwave.domain.messages import Kind, Reason
from longwave.domain.messages.kinds import PRIORITIES
from longwave.keys import KeyRing
from longwave.notify import Letter
from longwave.services import audit, letters
from longwave.services.outbox.deciding import Judge, Later, No
from longwave.services.outbox.rates import NO_LIMITS, Limits, Wish, places
from longwave.storage import message as messages
from longwave.storage import sending
from longwave.storage.message import Due
from longwave.storage.tables.base import key

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""How long a sender may be silent; longer than it keeps a batch."""

BATCH = 100
"""Messages taken on at once: few, so that one transaction does not last."""

_UNTIL_MENDED = timedelta(hours=1)
"""How often is looked at a message that we fail to write."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that a worker has taken on, ready for a transport.

    ``invites_to`` is the id of the assessment that it invites to, if it does.
    """

    message_id: int
    attempt: int
    letter: Letter
    trial_run: bool
    channel: Channel
    kind: str
    step: str
    study_id: int
    participant_id: int | None
    invites_to: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a look into the outbox came to.

    ``has_changed`` says that some of what was due is so no longer; if not, another look now would
    come to the same.
    """

    claimed: tuple[Claimed, ...]
    has_changed: bool


class _Takings:
    """What becomes of the messages of a batch, written all at once."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self._cancelled: defaultdict[Reason, list[int]] = defaultdict(list)
        self._moved: list[tuple[int, datetime, str | None]] = []
        self._failed: list[Due] = []

    def cancel(self, due: Due, reason: Reason) -> None:
        self._cancelled[reason].append(key(due.message))

    def move(self, due: Due, until: datetime, reason: Reason | None) -> None:
        self._moved.append((key(due.message), until, reason))

    def fail(self, due: Due) -> None:
        self._failed.append(due)

    def take(self, taken: Sequence[Claimed], worker: str) -> None:
        for reason, ids in self._cancelled.items():
            messages.cancel(self._session, ids, self._now, reason)
        messages.move(self._session, self._moved)
        self._give_up()
        if taken:
            sending.take(
                self._session,
                [(one.message_id, one.attempt) for one in taken],
                worker,
                now=self._now,
                lease_until=self._now + LEASE,
            )

    def _give_up(self) -> None:
        for due in self._failed:
            message = due.message
            message.state, message.reason = MessageState.FAILED, Reason.NOBODY
            message.settled_at = self._now
            audit.note(
                self._session,
                f"message.{message.state}",
                {"message": message.kind, "step": message.step, "attempts": message.attempts},
                study_id=message.study_id,
                participant_id=message.participant_id,
                actor="dispatch",
                now=self._now,
            )
        self._session.flush()


def claim(
    session: Session,
    worker: str,
    *,
    keys: KeyRing,
    base_url: str,
    now: datetime,
    limits: Limits = NO_LIMITS,
    channels: Collection[Channel] = tuple(Channel),
    limit: int = BATCH,
) -> Batch:
    """Take on messages that are due, wanted, and may be sent at this hour.

    Those that are no longer wanted are cancelled on the way; those that must wait are moved.

    Parameters
    ----------
    worker
        The name of the sender, as no other is called.
    channels
        By which it sends now.
    """
    found = messages.due(session, now, limit, channels=channels, priorities=PRIORITIES)
    if not found:
        return Batch((), has_changed=False)
    judge, takings = Judge(session, found, now), _Takings(session, now)
    ready: list[tuple[Due, Letter]] = []
    for due in found:
        letter = _letter(session, due, judge, takings, keys, base_url, now)
        if letter is not None:
            ready.append((due, letter))
    wishes = [Wish(due.message, letter.recipient) for due, letter in ready]
    taken: list[Claimed] = []
    given = places(session, wishes, limits, keys=keys, now=now)
    for (due, letter), at in zip(ready, given, strict=True):
        if at > now:
            takings.move(due, at, Reason.RATE)
        else:
            taken.append(_claimed(due, letter))
    takings.take(taken, worker)
    return Batch(tuple(taken), has_changed=any(not judge.is_busy(due) for due in found))


def _letter(
    session: Session,
    due: Due,
    judge: Judge,
    takings: _Takings,
    keys: KeyRing,
    base_url: str,
    now: datetime,
) -> Letter | None:
    """Write a message that may go now; decide what becomes of one that may not."""
    if judge.is_busy(due):
        return None
    try:
        return _judged(session, due, judge, takings, keys, base_url, now)
    except SQLAlchemyError:
        raise
    except Exception as error:
        # A fault of ours must not keep everybody else's mail waiting. No text: it may be personal.
        _log.error("message %s is not written: %s", due.message.id, type(error).__name__)
        takings.move(due, now + _UNTIL_MENDED, None)
        return None


def _judged(
    session: Session,
    due: Due,
    judge: Judge,
    takings: _Takings,
    keys: KeyRing,
    base_url: str,
    now: datetime,
) -> Letter | None:
    match judge.judge(due):
        case No(reason):
            takings.cancel(due, reason)
        case Later(until, reason):
            takings.move(due, until, reason)
        case _:
            try:
                letter = letters.compose(session, due, keys=keys, base_url=base_url, now=now)
            except LongwaveError:
                takings.fail(due)
            else:
                judge.note(due)
                return letter
    return None


def _claimed(due: Due, letter: Letter) -> Claimed:
    message = due.message
    return Claimed(
        message_id=key(message),
        attempt=message.attempts + 1,
        letter=letter,
        trial_run=due.study.mode == StudyMode.TRIAL_RUN,
        channel=Channel(message.channel),
        kind=message.kind,
        step=message.step,
        study_id=message.study_id,
        participant_id=message.participant_id,
        invites_to=message.assessment_id if message.kind == Kind.INVITATION else None,
    )
