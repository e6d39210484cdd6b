"""What became of each message: planned, claimed, sent, bounced, opened, answered."""

from __future__ import annotations

from sqlmodel import Session

from longwave.domain.blinding import MESSAGES, Viewer, waves_that_tell
from longwave.domain.permissions import Action
from longwave.services.overview import find_participant
from longwave.services.study import current_protocol
from longwave.storage import delivery
from longwave.storage.delivery import DeliveryLine
from longwave.storage.tables import Study
from longwave.storage.tables.base import key


def read_log(
    session: Session,
    study: Study,
    viewer: Viewer,
    *,
    public_id: str | None = None,
    offset: int = 0,
    limit: int = 100,
) -> tuple[list[DeliveryLine], int]:
    """Return a part of the messages that somebody may know of, and how many those are in all.

    They come in the order in which they were planned. Messages to staff are shown to whoever sees
    every site; the blinded see none that tells an arm.

    Parameters
    ----------
    public_id
        Only the messages to one participant.

    Raises
    ------
    NotFoundError
        If there is no such participant at the sites of whoever looks.
    """
    viewer.require(Action.SEE_MESSAGES)
    participant_id = None
    if public_id is not None:
        participant = find_participant(session, study, public_id)
        viewer.require(Action.SEE_MESSAGES, site=participant.site)
        participant_id = key(participant)
    hidden = waves_that_tell(current_protocol(session, study)) if viewer.blinded else frozenset()
    lines, total = delivery.page(
        session,
        key(study),
        sites=viewer.sites_for(Action.SEE_MESSAGES),
        kinds=[kind for kind, shown in MESSAGES.items() if shown] if viewer.blinded else None,
        hidden_waves=hidden,
        participant_id=participant_id,
        offset=offset,
        limit=limit,
    )
    return ([_without_moves(line) for line in lines] if hidden else lines), total


def _without_moves(line: DeliveryLine) -> DeliveryLine:
    """Leave out that a message was moved, and why: another may have been in its way."""
    return line._replace(due_at=line.planned_at, reason=None)
