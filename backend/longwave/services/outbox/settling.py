"""Messages handed over: looked at once more just before, and settled by what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session

from longwave.domain.lifecycle import MessageState
from longwave.domain.messages import (
    MOST_ATTEMPTS,
    MOST_IN_DOUBT,
    Reason,
    back_off,
    drawn_for,
    policy_of,
)
from longwave.notify import Delivery, Outcome
from longwave.services import audit, bounces, expiry
from longwave.services.outbox.claiming import Claimed
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import sending
from longwave.storage.marking import Marker
from longwave.storage.sending import Done

FINAL = {
    Outcome.SENT: (MessageState.SENT, None),
    Outcome.REFUSED: (MessageState.FAILED, Reason.REFUSED),
    Outcome.RETRY: (MessageState.FAILED, Reason.GIVEN_UP),
    Outcome.UNCERTAIN: (MessageState.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
}


class Ended(Protocol):
    """What is told of a message that has come to its end."""

    @property
    def message_id(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def study_id(self) -> int: ...
    @property
    def participant_id(self) -> int | None: ...


def goes_again(kind: str, attempt: int, outcome: str) -> bool:
    """Whether a message is sent once more after an attempt with this outcome."""
    if outcome == Outcome.UNCERTAIN:
        return policy_of(kind).resend and attempt < MOST_IN_DOUBT
    return outcome == Outcome.RETRY and attempt < MOST_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed over, and what became of it."""

    claimed: Claimed
    delivery: Delivery
    at: datetime

    @property
    def is_to_be_tried_again(self) -> bool:
        """Whether it failed for now, or is better sent twice than not at all; and not too often."""
        return goes_again(self.claimed.kind, self.claimed.attempt, self.delivery.outcome)

    def pause(self) -> timedelta:
        """Return how long to wait before it is tried again."""
        claimed = self.claimed
        return back_off(claimed.attempt, drawn_for(claimed.letter.message_id, claimed.attempt))

    def done(self) -> Done:
        """Return what the attempt's row says of it."""
        claimed, delivery = self.claimed, self.delivery
        return Done(
            of_message=claimed.message_id,
            of_number=claimed.attempt,
            finished_at=self.at,
            outcome=delivery.outcome,
            detail=delivery.detail,
            segments=delivery.segments,
        )


def begin(
    marker: Marker, worker: str, claimed: Claimed, before: Sent | None, *, now: datetime
) -> bool:
    """Note that a message is handed over now, if it is still wanted; say whether.

    First is noted what became of the one ``before``, so that a sender that dies leaves no more
    than one message in doubt.
    """
    return sending.begin(
        marker,
        claimed.message_id,
        worker,
        now,
        before=None if before is None else before.done(),
        is_for_staff=claimed.participant_id is None,
    )


def settle(
    session: Session,
    worker: str,
    sent: Sequence[Sent],
    unsent: Sequence[Claimed] = (),
    *,
    now: datetime,
) -> None:
    """Decide what becomes of the messages that a worker had in hand.

    A word about messages that somebody else took on in the meantime, since their lease was over,
    changes nothing.

    Parameters
    ----------
    sent
        Those that were handed over.
    unsent
        Those that were not: they go back, and are looked at anew.
    """
    bounced = _hold_bounced(session, sent)
    audit.begin(session)  # before any message is locked: the sealer waits for all who write events
    expiry.invited(
        session,
        {
            one.claimed.invites_to: one.at
            for one in sent
            if one.claimed.invites_to is not None and one.delivery.outcome is Outcome.SENT
        },
    )
    sending.finish_attempts(session.connection(), [one.done() for one in sent])
    again = [one for one in sent if one.is_to_be_tried_again]
    sending.try_later(
        session,
        [(one.claimed.message_id, now + one.pause()) for one in again],
        worker,
    )
    ended: defaultdict[Outcome, list[Sent]] = defaultdict(list)
    for one in sent:
        if not one.is_to_be_tried_again:
            ended[one.delivery.outcome].append(one)
    mine: set[int] = set()
    for outcome, ones in ended.items():
        mine |= end(session, worker, outcome, [one.claimed for one in ones], now=now)
    sending.give_back(session, [one.message_id for one in unsent], worker)
    for message_id, status in bounced:
        if message_id in mine:
            bounces.refused(session, messages.by_id(session, message_id), status, now=now)


def end(
    session: Session,
    worker: str,
    outcome: Outcome,
    ending: Collection[Ended],
    *,
    now: datetime,
) -> set[int]:
    """End messages that a worker has in hand by the outcome of their last attempt.

    Return the ids of those that it still had.
    """
    state, reason = FINAL[outcome]
    ids = [message.message_id for message in ending]
    mine = sending.settle(session, ids, worker, state, now=now, reason=reason)
    _tell(session, (message for message in ending if message.message_id in mine), state, now)
    return mine


def _hold_bounced(session: Session, sent: Sequence[Sent]) -> list[tuple[int, str]]:
    """Lock the people whose address was refused, in one order, before any of their rows.

    Return the ids of their messages, each with the status.
    """
    bounced = sorted(
        (one.claimed.participant_id or 0, one.claimed.message_id, one.delivery.bounce)
        for one in sent
        if one.delivery.bounce is not None
    )
    for participant_id, _, _ in bounced:
        if participant_id:
            participants.lock(session, participant_id)
    return [(message_id, status) for _, message_id, status in bounced]


def _tell(session: Session, ended: Iterable[Ended], state: MessageState, now: datetime) -> None:
    audit.note_all(
        session,
        [
            {
                "study_id": message.study_id,
                "participant_id": message.participant_id,
                "kind": f"message.{state}",
                "actor": "dispatch",
                "at": now,
                "payload": {
                    "message": message.kind,
                    "step": message.step,
                    "attempts": message.attempt,
                },
            }
            for message in ended
        ],
    )
