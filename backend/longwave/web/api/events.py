"""The audit trail of a study, as far as its reader may see it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from longwave.services.events import read_events
from longwave.web.api.answers import Event, EventPage
from longwave.web.api.auth import Bearer, reading
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}", tags=["trail"])


@router.get("/events")
def events(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    after: Annotated[str, Query(max_length=200, description="`next` of the part before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> EventPage:
    """Return a part of the audit trail, the oldest first."""
    with reading(bearer, edge, slug) as here:
        page = read_events(
            here.session, here.study, here.viewer, keys=here.keys, after=after, limit=limit
        )
    return EventPage(events=[Event.of(event) for event in page.events], next=page.next)
