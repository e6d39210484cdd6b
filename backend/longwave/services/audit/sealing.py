"""Seals: each binds a block of events to all that came before it, under a key of its own."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted

from sqlmodel import Session

from longwave.domain.trail import canonical_payload
from longwave.keys import KeyRing, Purpose
from longwave.storage import trail
from longwave.storage.tables import Seal
from longwave.storage.trail import StoredEvent

_BLOCK = 10_000
GENESIS = "0" * 64


def seal(session: Session, *, upto: int, keys: KeyRing, now: datetime) -> int:
    """Seal the events up to id ``upto`` in blocks; return how many were sealed.

    A block's head is the HMAC-SHA-256, under a key that the database does not hold, of the
    head before it, of every event in it and of the seal itself.
    """
    sealed = 0
    if not trail.may_seal(session):
        return sealed
    last = trail.last_seal(session)
    while block := trail.between(session, last.last_event if last else 0, upto, _BLOCK):
        mac = begin_head(keys, last.head if last else GENESIS)
        add_events(mac, block)
        last = Seal(
            number=last.number + 1 if last else 1,
            first_event=block[0].id,
            last_event=block[-1].id,
            head="",
            sealed_at=now,
        )
        last.head = end_head(mac, last)
        session.add(last)
        session.flush()
        sealed += len(block)
        if last.last_event >= upto:
            break
    return sealed


def has_unsealed(session: Session) -> bool:
    """Whether there are events that no seal covers yet."""
    last = trail.last_seal(session)
    return trail.last_event_id(session) > (last.last_event if last else 0)


def horizon(session: Session) -> int:
    """Return the id up to which the trail is final; call it in a transaction of its own."""
    return trail.horizon(session)


def head(session: Session) -> str:
    """Return the newest head of the trail."""
    last = trail.last_seal(session)
    return last.head if last else GENESIS


def begin_head(keys: KeyRing, previous: str) -> hmac.HMAC:
    """Begin the head of a block that follows a block with head ``previous``."""
    return keys.begin_mac(Purpose.TRAIL, previous)


def add_events(mac: hmac.HMAC, events: Iterable[StoredEvent]) -> None:
    """Take further events of a block into its head, in the order of their ids."""
    mac.update("".join([f"\n{_line(event)}" for event in events]).encode())


def end_head(mac: hmac.HMAC, sealed: Seal) -> str:
    """Return the head of a block of which every event was taken in."""
    ended = mac.copy()
    at = sealed.sealed_at.isoformat()
    ended.update(f"\nseal {sealed.number} {sealed.first_event} {sealed.last_event} {at}".encode())
    return ended.hexdigest()


def end_former_head(mac: hmac.HMAC) -> str:
    """Return the head as version 0.1 made it, which did not take in the seal itself."""
    return mac.hexdigest()


def _line(event: StoredEvent) -> str:
    """Return an event as it was first sealed: JSON of a list, with sorted keys.

    What is not as this program writes it is taken as it is: it gives another head.
    """
    study = "null" if event.study_id is None else event.study_id
    who = "null" if event.participant_id is None else event.participant_id
    told = f"{quoted(event.kind)}, {quoted(event.actor)}, {quoted(_instant(event.at))}"
    return f"[{event.id}, {study}, {who}, {told}, {canonical_payload(event.payload)}]"


def _instant(stored: str) -> str:
    """Return "YYYY-MM-DD HH:MM:SS.ffffff" as `datetime.isoformat` writes it in UTC."""
    if len(stored) != 26 or stored[10] != " " or stored[19] != ".":
        return f"not an instant: {stored}"
    fraction = "" if stored.endswith(".000000") else stored[19:]
    return f"{stored[:10]}T{stored[11:19]}{fraction}+00:00"
