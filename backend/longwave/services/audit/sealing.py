"""Seals: each binds a block of events to all that came before it, under a key of its own."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted

from sqlmodel import Session

from longwave.domain.trail import canonical_payload
from longwave.keys import KeyRing, Purpose
from longwave.storage import trail
from longwave.storage.tables import Seal
from longwave.storage.trail import StoredEvent, StoredSeal

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
    number, reached, previous = (
        (last.number, last.last_event, last.head) if last else (0, 0, GENESIS)
    )
    while reached < upto and (block := trail.between(session, reached, upto, _BLOCK)):
        number, reached = number + 1, block[-1].id
        mac = begin_head(keys, previous)
        add_events(mac, block)
        previous = end_head(mac, StoredSeal(number, block[0].id, reached, "", _stored(now)))
        session.add(
            Seal(
                number=number,
                first_event=block[0].id,
                last_event=reached,
                head=previous,
                sealed_at=now,
            )
        )
        session.flush()
        sealed += len(block)
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


def last_head(session: Session) -> tuple[int, str] | None:
    """Return number and head of the newest seal."""
    last = trail.last_seal(session)
    return (last.number, last.head) if last else None


def begin_head(keys: KeyRing, previous: str) -> hmac.HMAC:
    """Begin the head of a block that follows a block with head ``previous``."""
    return keys.begin_mac(Purpose.TRAIL, previous)


def add_events(mac: hmac.HMAC, events: Iterable[StoredEvent]) -> None:
    """Take further events of a block into its head, in the order of their ids."""
    mac.update("".join([f"\n{_line(event)}" for event in events]).encode())


def end_head(mac: hmac.HMAC, seal: StoredSeal) -> str:
    """Return the head of a block of which every event was taken in; ``seal.head`` plays no part."""
    ended = mac.copy()
    place = f"{seal.number} {seal.first_event} {seal.last_event}"
    ended.update(f"\nseal {place} {_instant(seal.sealed_at)}".encode())
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


def _stored(at: datetime) -> str:
    """Return an instant as the database writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
