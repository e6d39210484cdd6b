"""Emergency unblinding of one participant: asked for, then confirmed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from longwave.domain.errors import InvalidInputError
from longwave.domain.permissions import Action
from longwave.services import unblinding
from longwave.storage.tables.base import key
from longwave.web.api.answers import Unblinded, UnblindingRequest
from longwave.web.api.auth import Bearer, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import Confirmation, Reason
from longwave.web.api.participants import PublicId
from longwave.web.edge import AtEdge

router = APIRouter(
    prefix="/studies/{slug}/participants/{public_id}", tags=["unblinding"], responses=REFUSED
)


@router.post("/unblinding", status_code=202)
def request(
    slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge
) -> UnblindingRequest:
    """Ask to be told a participant's arm in an emergency. Nothing is told yet."""
    with writing(bearer, edge, slug) as here:
        asked = unblinding.request(
            here.session,
            here.participant(public_id, Action.UNBLIND),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
        return UnblindingRequest(id=key(asked), expires_at=asked.expires_at)


@router.post("/unblindings/{number}/confirmation")
def confirm(
    slug: str,
    public_id: PublicId,
    number: Annotated[int, Path(ge=1, le=2**31 - 1, description="The `id` of the request.")],
    body: Confirmation,
    bearer: Bearer,
    edge: AtEdge,
) -> Unblinded:
    """Return the arm, once whoever asked has typed the participant's id again.

    The trail keeps who, when and why, and every owner of the study is told that it happened.
    """
    with writing(bearer, edge, slug) as here:
        participant = here.participant(public_id, Action.UNBLIND)
        if body.public_id.upper() != participant.public_id:
            raise InvalidInputError(
                "The id in the request is not that of the participant in the address.",
                "Is it the right person? Look at the id again.",
                {"public_id": "is another participant's"},
            )
        arm = unblinding.confirm(
            here.session, number, public_id=body.public_id, viewer=here.viewer, now=here.now
        )
        return Unblinded(arm=arm)
