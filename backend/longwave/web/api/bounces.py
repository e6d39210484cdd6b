"""Messages that came back, reported by whoever sends for us, or by a mail server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session

from longwave.domain.errors import NotAllowedError
from longwave.domain.permissions import Action
from longwave.notify.email.dsn import Ignored, Report, read_report
from longwave.services import bounces
from longwave.services.bounces import Allowed
from longwave.services.staff import Who, studies_for
from longwave.storage.tables.base import key
from longwave.web.api.answers import TakenBounce
from longwave.web.api.auth import Bearer, who_with
from longwave.web.api.failures import REFUSED
from longwave.web.api.inputs import BounceReport
from longwave.web.edge import AtEdge, Edge

router = APIRouter(prefix="/bounces", tags=["bounces"], responses=REFUSED)

_WEBHOOK = "webhook"
_MAIL = {
    "requestBody": {
        "required": True,
        "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def _content(request: Request) -> bytes:
    return await request.body()


@router.post("")
def report(body: BounceReport, bearer: Bearer, edge: AtEdge) -> TakenBounce:
    """Take a report on one message; one that was taken before changes nothing."""
    told = Report(body.kind, body.status_or_default, (body.message_id.strip("<> "),))
    return _taken(told, bearer, edge)


@router.post("/mail", openapi_extra=_MAIL)
def report_mail(
    content: Annotated[bytes, Depends(_content)],
    bearer: Bearer,
    edge: AtEdge,
    sent_to: Annotated[
        str, Query(max_length=320, description="The address at which it arrived.")
    ] = "",
) -> TakenBounce:
    """Take what came to the address for undeliverable mail, whole as it came.

    What is no report on a message of ours is ignored, and it is said why.
    """
    return _taken(read_report(content, sent_to), bearer, edge)


def _taken(told: Report | Ignored, bearer: Bearer, edge: Edge) -> TakenBounce:
    with edge.database.writing() as session:
        allowed = _allowed(session, who_with(bearer, edge, session))
        if isinstance(told, Ignored):
            return TakenBounce(known=False, kind=None, status=None, ignored=told.why)
        known = bounces.receive(
            session,
            told.message_ids,
            told.kind,
            told.status,
            source=_WEBHOOK,
            allowed=allowed,
            now=edge.now,
        )
    ignored = None if known else bounces.NOT_OURS
    return TakenBounce(known=known, kind=told.kind, status=told.status, ignored=ignored)


def _allowed(session: Session, who: Who) -> Allowed:
    """Return on what somebody may report; refuse whoever may not in any study."""
    action = Action.REPORT_BOUNCES
    viewers = {key(study): viewer for study, viewer in studies_for(session, who)}
    if not viewers:
        raise NotAllowedError("There is no study that you were granted.", "Ask an owner.")
    if not any(viewer.may(action) for viewer in viewers.values()):
        next(iter(viewers.values())).require(action)

    def allowed(study_id: int, site: str | None) -> bool:
        if study_id not in viewers or not viewers[study_id].may(action):
            return False
        sites = viewers[study_id].sites_for(action)
        return sites is None or site in sites

    return allowed
