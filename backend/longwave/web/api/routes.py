"""The API: what the console shows, for programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from longwave.services.overview import participant_rows, study_overview
from longwave.services.study import list_studies
from longwave.web.api.auth import Bearer, viewer_with
from longwave.web.api.models import (
    Error,
    Participant,
    ParticipantPage,
    StudyDetail,
    StudySummary,
)
from longwave.web.edge import AtEdge

_FAILURES: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "No token, or none that is known."},
    404: {"model": Error, "description": "There is no such study."},
    422: {"model": Error, "description": "A parameter is out of range."},
}
router = APIRouter(prefix="/api/v1", responses=_FAILURES, tags=["studies"])


@router.get("/studies")
def studies(bearer: Bearer, edge: AtEdge) -> list[StudySummary]:
    """List the studies."""
    with edge.database.reading() as session:
        viewer = viewer_with(bearer, edge, session)
        return [
            StudySummary.of(study_overview(session, study.slug, viewer))
            for study in list_studies(session)
        ]


@router.get("/studies/{slug}")
def study(slug: str, bearer: Bearer, edge: AtEdge) -> StudyDetail:
    """Return a study at a glance."""
    with edge.database.reading() as session:
        viewer = viewer_with(bearer, edge, session)
        return StudyDetail.of(study_overview(session, slug, viewer))


@router.get("/studies/{slug}/participants")
def participants(
    slug: str,
    bearer: Bearer,
    edge: AtEdge,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ParticipantPage:
    """Return a part of the enrolled participants, by the order of screening."""
    with edge.database.reading() as session:
        viewer = viewer_with(bearer, edge, session)
        rows, total = participant_rows(session, slug, viewer, offset=offset, limit=limit)
    return ParticipantPage(
        total=total, offset=offset, participants=[Participant.of(row) for row in rows]
    )
