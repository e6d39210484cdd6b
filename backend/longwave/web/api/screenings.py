"""The screening register: who was thought of for a study and did not enrol."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Response

from longwave.services import screening
from longwave.web.api.answers import Screened
from longwave.web.api.auth import Bearer, reading, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import Screening
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}/screenings", tags=["screening"])


@router.get("")
def count(slug: str, bearer: Bearer, edge: AtEdge) -> list[Screened]:
    """Count the lines of the register at your sites, by site, outcome and reason."""
    with reading(bearer, edge, slug) as here:
        lines = screening.lines(here.session, here.study, viewer=here.viewer)
    counts = Counter((line.site, line.outcome, line.reason) for line in lines)
    return [
        Screened(site=site, outcome=outcome, reason=reason, count=number)
        for (site, outcome, reason), number in sorted(
            counts.items(), key=lambda pair: [part or "" for part in pair[0]]
        )
    ]


@router.post("", status_code=204, responses=REFUSED)
def enter(slug: str, body: Screening, bearer: Bearer, edge: AtEdge) -> Response:
    """Write one line of the register. It names nobody."""
    with writing(bearer, edge, slug) as here:
        screening.enter(
            here.session,
            here.study,
            site=body.site,
            outcome=body.outcome,
            reason=body.reason,
            email=body.email,
            keys=here.keys,
            viewer=here.viewer,
            now=here.now,
        )
    return Response(status_code=204)
