"""Who is at a participant's page: whoever followed a personal link in this browser."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request
from sqlmodel import Session

from longwave.domain.errors import NotFoundError
from longwave.domain.protocol.model import Protocol
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage.tables import Participant, Study
from longwave.web import cookies
from longwave.web.edge import Edge


class Here(NamedTuple):
    """A participant, the study, and the protocol in force."""

    participant: Participant
    study: Study
    protocol: Protocol


def here(session: Session, request: Request, edge: Edge) -> Here:
    """Return whose link this browser followed.

    Raises
    ------
    NotFoundError
        If it followed none, or too long ago.
    """
    row = cookies.read(request, edge, "longwave")
    assessment = assessments.by_id(session, row) if row else None
    if assessment is None:
        raise NotFoundError("Nobody is known here.", "Open the link from your message.")
    participant, study = assessments.owner(session, assessment)
    return Here(participant, study, current_protocol(session, study))
