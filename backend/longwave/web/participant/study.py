"""A study's public page: what it is, what it asks, who sees the data."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from longwave.domain.errors import NotFoundError
from longwave.domain.lifecycle import Channel, StudyState
from longwave.domain.protocol.model import Protocol
from longwave.i18n import translator
from longwave.services.safety import watching
from longwave.services.study import current_protocol, get_study
from longwave.storage.tables import Study
from longwave.web.edge import AtEdge, Edge
from longwave.web.participant.frame import frame_of, language_for, length, span
from longwave.web.rendering import page

router = APIRouter()
_HIDDEN = (StudyState.DRAFT, StudyState.APPROVED)


@router.get("/privacy/{slug}")
def privacy(slug: str, request: Request, edge: AtEdge) -> Response:
    """Say what becomes of the data, and what rights there are."""
    study, protocol = _shown(slug, edge)
    language = language_for(request, protocol)
    say = translator(language)
    protection = protocol.data_protection
    return page(
        "participant/privacy.html",
        language,
        frame=frame_of(request, study, protocol),
        slug=slug,
        protection=protection,
        by_sms=Channel.SMS in protocol.messages.channels,
        watching=watching(protocol, say),
        keeps_contact=span(say, protection.retention_contact),
        keeps_answers=span(say, protection.retention_answers),
    )


@router.get("/s/{slug}")
def public_page(slug: str, request: Request, edge: AtEdge) -> Response:
    """Show what a study is about."""
    study, protocol = _shown(slug, edge)
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
        criteria=[say.pick(criterion.label) for criterion in protocol.eligibility.criteria],
        protection=protection,
        keeps_contact=span(say, protection.retention_contact),
        keeps_answers=span(say, protection.retention_answers),
    )


def _shown(slug: str, edge: Edge) -> tuple[Study, Protocol]:
    """Return a study that the public may know of."""
    with edge.database.reading() as session:
        study = get_study(session, slug)
        protocol = current_protocol(session, study)
    if study.state in _HIDDEN:
        raise NotFoundError("There is no such study.")
    return study, protocol
