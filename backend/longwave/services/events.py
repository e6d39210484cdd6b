"""The audit trail of a study, told to staff: without what tells an arm to the blinded."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from longwave.domain.blinding import Viewer, shown_payload, waves_that_tell
from longwave.domain.errors import ConfigurationError, InvalidInputError
from longwave.domain.permissions import Action
from longwave.keys import KeyRing, Purpose
from longwave.services.study import current_protocol
from longwave.storage import event as events
from longwave.storage.event import ToldEvent
from longwave.storage.tables import Study
from longwave.storage.tables.base import key

_BATCH = 500
_OF_THE_STUDY = "study."


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event as its reader may see it. ``id`` is None for the blinded: gaps would tell."""

    id: int | None
    at: datetime
    kind: str
    actor: str
    participant: str | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventPage:
    """A part of the trail; ``next`` leads to the part that follows, if there is one."""

    events: tuple[ShownEvent, ...]
    next: str | None


def read_events(
    session: Session, study: Study, viewer: Viewer, *, keys: KeyRing, after: str, limit: int
) -> EventPage:
    """Return the events that follow a place in the trail, the oldest first.

    Parameters
    ----------
    after
        ``next`` of the part before, or nothing for the beginning. It is encrypted: numbers of
        events would tell how many are kept back.

    Raises
    ------
    NotAllowedError
        If this person may not read the trail.
    InvalidInputError
        If ``after`` is no such place.
    """
    viewer.require(Action.SEE_TRAIL)
    sites = viewer.sites_for(Action.SEE_TRAIL)
    hidden = waves_that_tell(current_protocol(session, study))
    last = _place(after, study, keys) if after else 0
    shown: list[tuple[int, ShownEvent]] = []
    while batch := events.after(session, key(study), last, _BATCH):
        for event in batch:
            last = event.id
            if not _is_near(event, sites):
                continue
            payload = shown_payload(event.kind, event.payload, hidden, blinded=viewer.blinded)
            if payload is not None:
                shown.append((event.id, _shown(event, payload, viewer)))
        if len(shown) > limit:
            break
    rest = shown[limit:]
    return EventPage(
        events=tuple(event for _, event in shown[:limit]),
        next=_sealed_place(shown[limit - 1][0], study, keys) if rest else None,
    )


def _is_near(event: ToldEvent, sites: frozenset[str] | None) -> bool:
    """Whether an event is about the study, or about somebody at one of these sites."""
    if sites is None:
        return True
    return event.site in sites if event.site else event.kind.startswith(_OF_THE_STUDY)


def _shown(event: ToldEvent, payload: dict[str, Any], viewer: Viewer) -> ShownEvent:
    return ShownEvent(
        id=None if viewer.blinded else event.id,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        participant=event.public_id,
        payload=payload,
    )


def _sealed_place(event_id: int, study: Study, keys: KeyRing) -> str:
    sealed = keys.encrypt(Purpose.COOKIE, event_id.to_bytes(8, "big"), _context(study))
    return base64.urlsafe_b64encode(sealed).decode()


def _place(text: str, study: Study, keys: KeyRing) -> int:
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
        return int.from_bytes(keys.decrypt(Purpose.COOKIE, sealed, _context(study)), "big")
    except (ConfigurationError, ValueError, binascii.Error):
        raise InvalidInputError(
            "This is no place in the trail.",
            "Send `next` of the part before, as it is.",
            {"after": "is not `next` of an answer"},
        ) from None


def _context(study: Study) -> str:
    return f"events/{study.slug}"
