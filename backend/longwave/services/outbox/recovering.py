"""Messages whose sender died: found when their lease is over, and decided by their kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session

from longwave.domain.messages import Kind
from longwave.notify import Outcome
from longwave.services import audit, expiry
from longwave.services.outbox.settling import end, goes_again
from longwave.storage import sending
from longwave.storage.sending import Done, Stalled

_MOST = 500
_DIED = "The sender stopped before it could say what happened."


def recover_stalled(session: Session, *, now: datetime) -> int:
    """Decide about messages whose sender was not heard of again; return how many there were.

    One that was never begun goes back at no cost. One whose outcome was written down is settled by
    it. Of the others nobody knows whether they arrived: those of a kind that is better twice than
    not at all go out again, under the same Message-ID; the rest stay uncertain.
    """
    audit.begin(session)
    found = sending.stalled(session, now, _MOST)
    by_worker: defaultdict[str, list[Stalled]] = defaultdict(list)
    for message in found:
        by_worker[message.worker].append(message)
    for worker, messages in by_worker.items():
        _recover(session, worker, messages, now)
    return len(found)


def _recover(session: Session, worker: str, messages: Sequence[Stalled], now: datetime) -> None:
    expiry.invited(session, dict(_invited(messages)))
    unsent = [message.message_id for message in messages if message.begun_at is None]
    sending.give_back(session, unsent, worker)
    begun = [message for message in messages if message.begun_at is not None]
    doubtful = [message for message in begun if message.outcome is None]
    sending.finish_attempts(session.connection(), [_in_doubt(one, now) for one in doubtful])
    again = [message for message in begun if _goes_again(message)]
    sending.try_later(session, [(message.message_id, now) for message in again], worker)
    ended: defaultdict[Outcome, list[Stalled]] = defaultdict(list)
    for message in begun:
        if not _goes_again(message):
            ended[Outcome(message.outcome or Outcome.UNCERTAIN)].append(message)
    for outcome, ones in ended.items():
        end(session, worker, outcome, ones, now=now)


def _invited(messages: Sequence[Stalled]) -> Iterator[tuple[int, datetime]]:
    for message in messages:
        is_sent = message.outcome == Outcome.SENT and message.kind == Kind.INVITATION
        if is_sent and message.finished_at is not None and message.assessment_id is not None:
            yield message.assessment_id, message.finished_at


def _goes_again(message: Stalled) -> bool:
    return goes_again(message.kind, message.attempt, message.outcome or Outcome.UNCERTAIN)


def _in_doubt(message: Stalled, now: datetime) -> Done:
    return Done(message.message_id, message.attempt, now, Outcome.UNCERTAIN, _DIED, None)
