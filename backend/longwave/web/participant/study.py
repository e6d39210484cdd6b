"""A study's public page: what it is, what it asks, who sees the data."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import StudyState
from longwave.i18n import translator
from longwave.services.study import current_protocol, get_study
from longwave.web.edge import AtEdge
from longwave.web.participant.frame import frame_of, language_for, length, span
from longwave.web.rendering import page

router = APIRouter()
_HIDDEN = (StudyState.DRAFT, StudyState.APPROVED)


@router.get("/s/{slug}")
def public_page(slug: str, request: Request, edge: AtEdge) -> Response:
    """Show what a study is about."""
    with edge.database.reading() as session:
        study = get_study(session, slug)
        protocol = current_protocol(session, study)
    if study.state in _HIDDEN:
        raise NotFoundError("There is no such study.")
    language = language_for(request, protocol)
    say = translator(language)
    protection = protocol.data_protection
    return page(
        "participant/study.html",
        language,
        frame=frame_of(request, study, protocol),
        study=protocol.study,
        slug=slug,
        is_open=study.state == StudyState.OPEN,
        sites=[(site.id, say.pick(site.label)) for site in protocol.sites.values()],
        waves=[(say.pick(wave.label), protocol.minutes(wave)) for wave in protocol.waves],
        length=length(say, protocol),
        protection=protection,
        keeps_contact=span(say, protection.retention_contact),
        keeps_answers=span(say, protection.retention_answers),
    )
