"""What staff record of a participant. None of it answers with more than that it was done."""

from __future__ import annotations

from fastapi import APIRouter, Response

from longwave.domain.blinding import waves_that_tell
from longwave.domain.errors import NotFoundError
from longwave.domain.permissions import Action
from longwave.services import (
    consent,
    contact,
    corrections,
    erasure,
    follow_up,
    programme,
    requests,
    travel,
    withdrawal,
)
from longwave.services.study import current_protocol
from longwave.web.api.auth import AtStudy, Bearer, writing
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import (
    AnswerCorrection,
    Choice,
    Contact,
    PerhapsReason,
    Reason,
    Stratum,
    WaveRequest,
    Zone,
)
from longwave.web.api.participants import PublicId
from longwave.web.edge import AtEdge

router = APIRouter(
    prefix="/studies/{slug}/participants/{public_id}", tags=["people"], responses=REFUSED
)


@router.post("/withdrawal", status_code=204)
def withdraw(
    slug: str, public_id: PublicId, body: PerhapsReason, bearer: Bearer, edge: AtEdge
) -> Response:
    """Record that a participant leaves the study; what was answered is kept."""
    with writing(bearer, edge, slug) as here:
        withdrawal.withdraw(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            reason=body.reason,
            actor=here.viewer.name,
            now=here.now,
        )
    return _done()


@router.post("/lost", status_code=204)
def lost(slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge) -> Response:
    """Record that a participant cannot be reached any more; `found` undoes it."""
    with writing(bearer, edge, slug) as here:
        follow_up.mark_lost(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/found", status_code=204)
def found(slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge) -> Response:
    """Record that a participant who was lost is followed again."""
    with writing(bearer, edge, slug) as here:
        follow_up.mark_found(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            reason=body.reason,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return _done()


@router.post("/deceased", status_code=204)
def deceased(
    slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge
) -> Response:
    """Record that a participant has died; nothing is sent any more."""
    with writing(bearer, edge, slug) as here:
        follow_up.mark_deceased(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/zone", status_code=204)
def change_zone(
    slug: str, public_id: PublicId, body: Zone, bearer: Bearer, edge: AtEdge
) -> Response:
    """Record that a participant lives by another time zone: what is to come moves with it."""
    with writing(bearer, edge, slug) as here:
        travel.change_zone(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            body.zone,
            since=body.since,
            actor=here.viewer.name,
            now=here.now,
        )
    return _done()


@router.post("/requests", status_code=204)
def request_wave(
    slug: str, public_id: PublicId, body: WaveRequest, bearer: Bearer, edge: AtEdge
) -> Response:
    """Ask a participant a wave that comes on request; the invitation is queued."""
    with writing(bearer, edge, slug) as here:
        requests.request_wave(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            body.wave,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return _done()


@router.post("/programme/stop", status_code=204)
def stop_programme(
    slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge
) -> Response:
    """Record that a participant left the programme; follow-up goes on. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        programme.stop(
            here.session,
            here.participant(public_id, Action.RUN_PROGRAMME),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/programme/completion", status_code=204)
def complete_programme(slug: str, public_id: PublicId, bearer: Bearer, edge: AtEdge) -> Response:
    """Record that a participant had the whole programme. Not for the blinded."""
    with writing(bearer, edge, slug) as here:
        programme.complete(
            here.session,
            here.participant(public_id, Action.RUN_PROGRAMME),
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/stratum", status_code=204)
def correct_stratum(
    slug: str, public_id: PublicId, body: Stratum, bearer: Bearer, edge: AtEdge
) -> Response:
    """Write the true stratum beside the one that a participant was randomised in."""
    with writing(bearer, edge, slug) as here:
        corrections.correct_stratum(
            here.session,
            here.participant(public_id, Action.CORRECT),
            body.levels,
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/error", status_code=204)
def randomised_in_error(
    slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge
) -> Response:
    """Flag that a participant should not have been randomised; the allocation stays."""
    with writing(bearer, edge, slug) as here:
        corrections.flag_randomised_in_error(
            here.session,
            here.participant(public_id, Action.CORRECT),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


@router.post("/corrections", status_code=204)
def correct_answer(
    slug: str, public_id: PublicId, body: AnswerCorrection, bearer: Bearer, edge: AtEdge
) -> Response:
    """Replace one answer of an assessment that has ended; the trail keeps both, encrypted."""
    with writing(bearer, edge, slug) as here:
        participant = here.participant(public_id, Action.CORRECT)
        _require_shown(here, body.wave)
        corrections.correct_answer(
            here.session,
            participant,
            body.wave,
            body.occurrence,
            body.instrument,
            body.item,
            body.value,
            reason=body.reason,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return _done()


@router.post("/choices", status_code=204)
def choose(slug: str, public_id: PublicId, body: Choice, bearer: Bearer, edge: AtEdge) -> Response:
    """Record that a participant allows a further use of data or address, or no longer does."""
    with writing(bearer, edge, slug) as here:
        consent.choose(
            here.session,
            here.participant(public_id, Action.FOLLOW_UP),
            body.use,
            allowed=body.allowed,
            actor=here.viewer.name,
            now=here.now,
        )
    return _done()


@router.post("/contact", status_code=204)
def change_contact(
    slug: str, public_id: PublicId, body: Contact, bearer: Bearer, edge: AtEdge
) -> Response:
    """Enter another address or number of a participant, or by what messages go."""
    with writing(bearer, edge, slug) as here:
        contact.change_contact(
            here.session,
            here.participant(public_id, Action.CORRECT),
            email=body.email,
            phone=body.phone,
            channel=body.channel,
            reason=body.reason,
            viewer=here.viewer,
            keys=here.keys,
            now=here.now,
        )
    return _done()


@router.post("/erasure", status_code=204)
def erase(slug: str, public_id: PublicId, body: Reason, bearer: Bearer, edge: AtEdge) -> Response:
    """Erase name, address and answers of a participant, who leaves the study by it."""
    with writing(bearer, edge, slug) as here:
        erasure.erase(
            here.session,
            here.participant(public_id, Action.ERASE),
            reason=body.reason,
            viewer=here.viewer,
            now=here.now,
        )
    return _done()


def _done() -> Response:
    return Response(status_code=204)


def _require_shown(here: AtStudy, wave: str) -> None:
    """Let the blinded know nothing of waves whose time tells the arm, not even a refusal."""
    protocol = current_protocol(here.session, here.study)
    if here.viewer.blinded and wave in waves_that_tell(protocol):
        raise NotFoundError("There is no such wave that you may see.", "Check the wave's id.")
