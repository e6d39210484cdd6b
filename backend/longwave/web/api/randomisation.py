"""The randomisation: what is public of it, and whether it proves itself."""

from __future__ import annotations

from fastapi import APIRouter

from longwave.domain.errors import NotFoundError
from longwave.domain.permissions import Action
from longwave.services import randomisation
from longwave.services.overview import study_overview
from longwave.services.study import current_protocol
from longwave.web.api.answers import Randomisation, Verification
from longwave.web.api.auth import Bearer, reading
from longwave.web.api.failures import REFUSED
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/studies/{slug}/randomisation", tags=["randomisation"])


@router.get("")
def facts(slug: str, bearer: Bearer, edge: AtEdge) -> Randomisation:
    """Return how a study randomises, and the commitment that was fixed at approval."""
    with reading(bearer, edge, slug) as here:
        overview = study_overview(here.session, here.study, here.viewer)
        plan = current_protocol(here.session, here.study).randomisation
        if plan is None:
            raise NotFoundError("This study does not randomise.", "See its protocol.")
        return Randomisation(
            method=plan.method,
            strata=list(plan.strata),
            cluster=plan.cluster,
            after=plan.after,
            commitment=here.study.commitment,
            allocations=overview.randomised,
        )


@router.post("/verification", responses=REFUSED)
def verify(slug: str, bearer: Bearer, edge: AtEdge) -> Verification:
    """Replay every allocation from the sealed settings; tell whether all of them prove right."""
    with reading(bearer, edge, slug) as here:
        here.viewer.require_everywhere(Action.VERIFY)
        found = randomisation.verify(here.session, slug, keys=here.keys)
        return Verification(passed=found.passed)
