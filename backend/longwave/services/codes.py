"""Codes sent to a participant and typed back: asked for, composed, tried.

The digits follow from the installation's key and the row of the code, so that nothing but their
keyed hash is stored.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from longwave.domain.codes import (
    DIGITS,
    KEPT,
    LIFE,
    MOST_WRONG,
    MOVES,
    CodePurpose,
    Tried,
    next_code_at,
    typed_code,
)
from longwave.domain.errors import RefusedTransitionError, TooOftenError
from longwave.domain.lifecycle import Channel
from longwave.domain.messages import Kind
from longwave.keys import KeyRing, Purpose
from longwave.services import bounces, letters, outbox
from longwave.services.participant import hold, record
from longwave.storage import code as codes
from longwave.storage import participant as participants
from longwave.storage.tables import Code, Contact, Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"
_DAY = timedelta(days=1)


class Destination(NamedTuple):
    """An address or number that is not proved yet, encrypted, and how it is reached."""

    address: bytes
    channel: Channel


def ask(
    session: Session,
    participant: Participant,
    purpose: CodePurpose,
    *,
    keys: KeyRing,
    now: datetime,
    to: Destination | None = None,
) -> None:
    """Send a code: to where messages go, or ``to`` an address that is to be proved by it.

    It takes the place of the one before it, for the same purpose.

    Raises
    ------
    TooOftenError
        If this person has asked for too many.
    RefusedTransitionError
        If no message reaches this person, or she changed a short while ago where they go.
    """
    participant = hold(session, participant)
    contact = _contact(session, participant)
    if to is None and codes.is_used(session, key(participant), MOVES, since=now - KEPT):
        raise RefusedTransitionError(
            "Where messages to you go was changed in the last two days. For as long no code is "
            "sent there that opens what you told us.",
            "Please ask the study team.",
        )
    asked = codes.asked_since(session, key(participant), now - _DAY)
    wait_until = next_code_at(asked, now)
    if wait_until is not None:
        raise TooOftenError(
            "You have asked for several codes in a short time.",
            "A code that has come is still good.",
            wait_until,
        )
    channel = reached_by(contact) if to is None else to.channel
    code = Code(
        participant_id=key(participant),
        purpose=purpose,
        code_hash="",
        asked_at=now,
        expires_at=now + LIFE,
        address=None if to is None else to.address,
    )
    session.add(code)
    session.flush()
    code.code_hash = _hash(keys, code, letters.code_digits(keys, code))
    kind = Kind.CODE if to is None else Kind.NEW_ADDRESS_CODE
    outbox.queue_answer(
        session, participant, kind, letters.code_step(code, kind), now=now, channel=channel
    )
    told = {"purpose": str(purpose)}
    record(session, participant, "code.asked", told, actor=_PARTICIPANT, now=now)


def try_code(
    session: Session,
    participant: Participant,
    purpose: CodePurpose,
    typed: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> tuple[Tried, Code | None]:
    """Try what was typed on the last code that was asked for; return it if it was the right one.

    A right code is used up by it, a wrong one is counted: the caller commits, whatever comes of it.
    """
    participant = hold(session, participant)
    code = codes.newest(session, key(participant), purpose)
    if code is None or code.used_at is not None or code.expires_at <= now:
        return Tried.GONE, None
    if code.wrong >= MOST_WRONG:
        return Tried.WORN_OUT, None
    plain = typed_code(typed)
    if len(plain) != DIGITS:
        return Tried.WRONG, None
    if hmac.compare_digest(_hash(keys, code, plain), code.code_hash):
        code.used_at = now
        session.flush()
        return Tried.RIGHT, code
    code.wrong += 1
    session.flush()
    if code.wrong < MOST_WRONG:
        return Tried.WRONG, None
    told = {"purpose": str(purpose)}
    record(session, participant, "code.worn_out", told, actor=_PARTICIPANT, now=now)
    return Tried.WORN_OUT, None


def awaited(
    session: Session, participant: Participant, purpose: CodePurpose, *, now: datetime
) -> Code | None:
    """Return the code that a participant is about to type, if there is one that is good."""
    code = codes.newest(session, key(participant), purpose)
    if code is None or code.used_at is not None or code.expires_at <= now:
        return None
    return code if code.wrong < MOST_WRONG else None


def reached_by(contact: Contact) -> Channel:
    """Return by what a participant can be reached at this moment: as wanted, else otherwise.

    Raises
    ------
    RefusedTransitionError
        If by nothing.
    """
    sealed = {Channel.EMAIL: contact.email, Channel.SMS: contact.phone}
    wanted = Channel(contact.channel)
    for channel in (wanted, *(other for other in Channel if other != wanted)):
        if sealed[channel] is not None and bounces.suppressed_at(contact, channel) is None:
            return channel
    raise RefusedTransitionError(
        "Messages to you come back, so that no code can be sent.", "Please ask the study team."
    )


def forget(session: Session, participant: Participant) -> None:
    """Delete all codes of a participant, with the addresses that were to be proved."""
    codes.delete_of(session, key(participant))


def forget_old(session: Session, *, now: datetime) -> int:
    """Delete codes that are of no use any more; return how many."""
    return codes.delete_before(session, now - KEPT)


def _contact(session: Session, participant: Participant) -> Contact:
    contact = participants.contact(session, key(participant))
    if contact is None:
        raise RefusedTransitionError(
            "It is not known any more how to reach you.", "Please ask the study team."
        )
    return contact


def _hash(keys: KeyRing, code: Code, plain: str) -> str:
    return keys.mac(Purpose.CODE, f"hash:{code.id}:{code.purpose}:{plain}")
