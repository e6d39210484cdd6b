"""Messages that come back: noted once, and what follows for those still to go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from longwave.domain.bounce import kind_of
from longwave.domain.lifecycle import BounceKind, Channel, Messages
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.messages import policy_of
from longwave.domain.tasks import TaskKind
from longwave.services import audit, tasks
from longwave.services.participant import move, record
from longwave.storage import bounce as bounces
from longwave.storage import participant as participants
from longwave.storage.tables import Bounce, Contact, Message, Participant
from longwave.storage.tables.base import key

MOST_SOFT = 3
"""How many messages in a row may come back softly before their address is no good."""

_REST = timedelta(days=1)
_ACTOR = "bounces"
_REFUSAL = "refusal"
_FACTS = {Channel.EMAIL: "email", Channel.SMS: "phone"}
_TASKS = {Channel.EMAIL: TaskKind.ADDRESS_BOUNCED, Channel.SMS: TaskKind.NUMBER_BOUNCED}

Allowed = Callable[[int, str | None], bool]
"""Whether whoever reports may, of a study (its id) and a site (None for a message to staff)."""


NOT_OURS = "It names no message of ours."


def receive(
    session: Session,
    message_ids: tuple[str, ...],
    kind: BounceKind,
    status: str,
    *,
    source: str,
    allowed: Allowed,
    now: datetime,
) -> bool:
    """Take a report on a message; False if it is about none that the reporter may know of.

    One that was taken before changes nothing.

    Parameters
    ----------
    message_ids
        The Message-IDs that it may be about, the likeliest first.
    source
        ``mailbox`` or ``webhook``.
    allowed
        Whether the reporter may report on messages of a study; if not, it is as if there were
        no such message.
    """
    message = bounces.sent_as(session, message_ids)
    if message is None or not _may(session, message, allowed):
        return False
    _note(session, message, kind, status, source=source, now=now)
    return True


def refused(session: Session, message: Message, status: str, *, now: datetime) -> None:
    """Note that a server refused the address of a message for good, as it was being sent.

    The message is settled by the caller.
    """
    _note(session, message, kind_of(status), status, source=_REFUSAL, now=now)


def suppressed_at(contact: Contact, channel: str) -> datetime | None:
    """Return since when nothing goes to a participant on a channel; None if something does."""
    by_mail = channel == Channel.EMAIL
    return contact.email_suppressed_at if by_mail else contact.phone_suppressed_at


def suppress(contact: Contact, channel: str, at: datetime | None) -> None:
    """Let nothing go to a participant on a channel from an instant on, or (None) again."""
    if channel == Channel.EMAIL:
        contact.email_suppressed_at = at
    else:
        contact.phone_suppressed_at = at


def _may(session: Session, message: Message, allowed: Allowed) -> bool:
    if message.participant_id is None:
        return allowed(message.study_id, None)
    return allowed(message.study_id, participants.by_id(session, message.participant_id).site)


def _note(
    session: Session,
    message: Message,
    kind: BounceKind,
    status: str,
    *,
    source: str,
    now: datetime,
) -> None:
    participant = None
    if message.participant_id is not None:
        participant = participants.lock(session, message.participant_id)
    if bounces.is_known(session, key(message), kind):
        return
    session.add(
        Bounce(
            study_id=message.study_id,
            message_id=key(message),
            participant_id=message.participant_id,
            kind=kind,
            status=status,
            source=source,
            received_at=now,
        )
    )
    payload = {
        "message": message.kind,
        "step": message.step,
        "kind": kind,
        "status": status,
        "source": source,
    }
    if participant is None:
        _tell_of_staff(session, message, kind, now)
    else:
        payload |= _follow(session, message, participant, kind, now)
    audit.note(
        session,
        "message.bounced",
        payload,
        study_id=message.study_id,
        participant_id=message.participant_id,
        actor=_ACTOR,
        now=now,
    )
    session.flush()


def _tell_of_staff(session: Session, message: Message, kind: BounceKind, now: datetime) -> None:
    if kind is not BounceKind.SOFT:
        about = f"staff:{message.staff_id}"
        tasks.add(session, message.study_id, TaskKind.STAFF_BOUNCED, about, now=now)


def _follow(
    session: Session, message: Message, participant: Participant, kind: BounceKind, now: datetime
) -> dict[str, str]:
    """Do what a bounce brings about; return what the event tells besides."""
    contact = participants.contact(session, key(participant))
    if contact is None or policy_of(message.kind).elsewhere:
        return {}
    if kind is BounceKind.COMPLAINT:
        _pause(session, message, participant, now)
        return {}
    since = bounces.address_changed_at(session, key(participant), _FACTS[Channel(message.channel)])
    sent_at = message.settled_at or now
    if suppressed_at(contact, message.channel) is not None or (since and sent_at <= since):
        return {}
    if kind is BounceKind.SOFT:
        run = 1 + bounces.soft_in_a_row(session, message, sent_at, since)
        if run < MOST_SOFT:
            until = now + _REST * 2 ** (run - 1)
            bounces.put_off(session, key(participant), message.channel, until)
            return {}
    suppress(contact, message.channel, now)
    bounces.hold_pending(session, key(participant), message.channel)
    _add_task(session, _TASKS[Channel(message.channel)], message, participant, now)
    return {"suppressed": _FACTS[Channel(message.channel)]}


def _pause(session: Session, message: Message, participant: Participant, now: datetime) -> None:
    if participant.messages == Messages.ON:
        move(participant, partial(lifecycle.want_messages, wanted=Messages.PAUSED))
        kind = f"participant.messages_{Messages.PAUSED}"
        record(session, participant, kind, {}, actor=_ACTOR, now=now)
    _add_task(session, TaskKind.COMPLAINT, message, participant, now)


def _add_task(
    session: Session, kind: TaskKind, message: Message, participant: Participant, now: datetime
) -> None:
    tasks.add(
        session,
        message.study_id,
        kind,
        str(key(message)),
        participant=participant,
        now=now,
    )
