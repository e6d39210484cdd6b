"""The flow of participants."""

from __future__ import annotations

from fastapi import APIRouter

from longwave.services import consort as flows
from longwave.web.api.answers import Flow
from longwave.web.api.auth import Bearer, reading
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}", tags=["studies"])


@router.get("/consort")
def consort(slug: str, bearer: Bearer, edge: AtEdge) -> Flow:
    """Return the flow of participants at your sites, counted from the audit trail alone."""
    with reading(bearer, edge, slug) as here:
        return Flow.model_validate(flows.consort(here.session, slug, here.viewer))
