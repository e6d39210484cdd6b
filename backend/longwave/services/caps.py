"""How many may enrol, in all, at a site, or with certain answers."""

from __future__ import annotations

from sqlmodel import Session

from longwave.domain.eligibility import Answers, caps_for
from longwave.domain.protocol.model import Cap
from longwave.services.study import current_protocol
from longwave.storage import participant as participants
from longwave.storage.tables import Study
from longwave.storage.tables.base import key


def full_cap(session: Session, study: Study, *, site: str, answers: Answers) -> Cap | None:
    """Return the first cap that leaves no room for somebody at ``site`` with these answers.

    It holds until others enrol; whoever enrols somebody by it has locked the study.
    """
    for cap in caps_for(current_protocol(session, study).eligibility, site, answers):
        taken = participants.count_enrolled_like(session, key(study), cap.site, cap.stratum)
        if taken >= cap.most:
            return cap
    return None
