"""Participants, as far as their public ids tell of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from longwave.services.overview import participant_row, participant_rows
from longwave.web.api.answers import Participant, ParticipantPage
from longwave.web.api.auth import Bearer, reading
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}/participants", tags=["participants"])

PublicId = Annotated[str, Path(max_length=20, description="The participant's public study id.")]


@router.get("")
def participants(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ParticipantPage:
    """Return a part of the enrolled participants at your sites, by the order of screening."""
    with reading(bearer, edge, slug) as here:
        rows, total = participant_rows(
            here.session, here.study, here.viewer, offset=offset, limit=limit
        )
    return ParticipantPage(
        total=total,
        offset=offset,
        participants=[Participant.seen(row, here.viewer) for row in rows],
    )


@router.get("/{public_id}")
def participant(slug: str, public_id: PublicId, bearer: Bearer, edge: AtEdge) -> Participant:
    """Return one participant who enrolled at one of your sites."""
    with reading(bearer, edge, slug) as here:
        row = participant_row(here.session, here.study, public_id, here.viewer)
        return Participant.seen(row, here.viewer)
