"""A participant changes how she is reached: what she types counts once a code sent there is typed.

So a mistyped address takes nobody's messages away, and nobody who merely holds a link can have them
sent elsewhere unseen: the old address is told.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.consent import is_email
from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import Channel
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.messages import Kind
from longwave.keys import KeyRing, Purpose
from longwave.services import bounces, codes, contact, letters, outbox, randomisation
from longwave.services.codes import Destination
from longwave.services.participant import hold_open, person_of, record
from longwave.services.study import current_protocol
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Contact, Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"
_WRONG = "This cannot be entered."
_CHANNELS = {CodePurpose.EMAIL: Channel.EMAIL, CodePurpose.PHONE: Channel.SMS}


def ask_for_change(
    session: Session,
    participant: Participant,
    purpose: CodePurpose,
    typed: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Send a code to an address (``email``) or number (``phone``) that was typed.

    Nothing changes by it. Whether somebody else is reached there is not told either.

    Raises
    ------
    InvalidInputError
        If it is misspelt, or is what is known already.
    TooOftenError
        If too many codes were asked for.
    RefusedTransitionError
        If the participant has left, the study is locked, or it sends nothing by that way.
    """
    participant, own = _own(session, participant)
    channel = _CHANNELS[purpose]
    if channel not in offered(session, participant):
        raise RefusedTransitionError(
            "This study sends no messages that way.", "Please ask the study team."
        )
    plain = _checked(purpose, typed)
    before = own.email if purpose is CodePurpose.EMAIL else own.phone
    if before is not None and _opened(keys, before, participant) == plain:
        faults = {str(purpose): "That is what is known already."}
        raise InvalidInputError(_WRONG, "See the marked place.", faults)
    sealed = keys.encrypt(Purpose.CONTACT, plain.encode(), participant.public_id)
    to = Destination(sealed, channel)
    codes.ask(session, participant, purpose, keys=keys, now=now, to=to)


def confirm_change(
    session: Session,
    participant: Participant,
    purpose: CodePurpose,
    typed: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> Tried:
    """Let a new address or number count if the code that was sent there was typed.

    The old one is told, where there is one that works; an open link is sent to the new one. Whoever
    waited for nothing but an address that is proved is randomised. The caller commits whatever
    comes of it: a wrong code is counted.

    Raises
    ------
    InvalidInputError
        If the code was right, and the address is that of another participant.
    """
    participant, own = _own(session, participant)
    tried, code = codes.try_code(session, participant, purpose, typed, keys=keys, now=now)
    if code is None or code.address is None:
        return tried
    plain = _opened(keys, code.address, participant)
    old = own.email if purpose is CodePurpose.EMAIL else own.phone
    works = bounces.suppressed_at(own, _CHANNELS[purpose]) is None
    if purpose is CodePurpose.EMAIL:
        contact.enter_email(session, participant, own, plain, keys)
    else:
        contact.enter_phone(session, participant, own, plain, keys)
    told = {"fields": [str(purpose)]}
    record(session, participant, "contact.changed", told, actor=_PARTICIPANT, now=now)
    if own.verified_at is None:
        own.verified_at = now
        record(session, participant, "contact.verified", {}, actor=_PARTICIPANT, now=now)
    code.address = old if works else None
    if code.address is not None:
        kind = Kind.OLD_ADDRESS_NOTICE
        step = letters.code_step(code, kind)
        channel = _CHANNELS[purpose]
        outbox.queue_answer(session, participant, kind, step, now=now, channel=channel)
    contact.follow(session, participant, own, [purpose], actor=_PARTICIPANT, now=now)
    study = studies.by_id(session, participant.study_id)
    randomisation.randomise_if_due(session, study, participant, keys=keys, now=now)
    return tried


def choose_channel(
    session: Session, participant: Participant, channel: Channel, *, now: datetime
) -> None:
    """Let messages about questionnaires go by another channel from now on.

    Raises
    ------
    InvalidInputError
        If there is no address, or no number, for it.
    RefusedTransitionError
        If the participant has left, the study is locked, or it sends nothing by that way.
    """
    participant, own = _own(session, participant)
    if channel not in offered(session, participant):
        raise RefusedTransitionError(
            "This study sends no messages that way.", "Please ask the study team."
        )
    if channel == own.channel:
        return
    contact.enter_channel(session, participant, own, channel, now=now)
    told = {"fields": ["channel"]}
    record(session, participant, "contact.changed", told, actor=_PARTICIPANT, now=now)
    session.flush()


def offered(session: Session, participant: Participant) -> tuple[Channel, ...]:
    """Return by what the study of a participant sends messages."""
    return current_protocol(session, studies.by_id(session, participant.study_id)).messages.channels


def masked(keys: KeyRing, sealed: bytes | None, participant: Participant) -> str:
    """Return an address or number so that its owner knows it again, and nobody learns it."""
    if sealed is None:
        return ""
    plain = _opened(keys, sealed, participant)
    name, at, domain = plain.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"{plain[:3]} ••• {plain[-2:]}"


def _own(session: Session, participant: Participant) -> tuple[Participant, Contact]:
    participant, _ = hold_open(session, participant)
    lifecycle.be_reached(person_of(participant))
    own = participants.contact(session, key(participant))
    if own is None:
        raise RefusedTransitionError(
            "It is not known any more how to reach you.", "Please ask the study team."
        )
    return participant, own


def _checked(purpose: CodePurpose, typed: str) -> str:
    if purpose is CodePurpose.PHONE:
        return contact.checked_phone(typed)
    if not is_email(typed):
        faults = {str(purpose): "Please type an e-mail address such as name@example.org."}
        raise InvalidInputError(_WRONG, "See the marked place.", faults)
    return typed.strip()


def _opened(keys: KeyRing, sealed: bytes, participant: Participant) -> str:
    return keys.decrypt(Purpose.CONTACT, sealed, participant.public_id).decode()
