"""Where to find help when answering worries."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from longwave.domain.errors import NotFoundError
from longwave.domain.protocol.model import Protocol
from longwave.i18n import languages, translator
from longwave.services import safety
from longwave.services.safety import Help
from longwave.services.study import current_protocol, get_study, protocol_of
from longwave.storage import assessment as assessment_rows
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Study
from longwave.web import cookies
from longwave.web.edge import AtEdge
from longwave.web.errors import reader_language
from longwave.web.participant.frame import frame_of, language_for
from longwave.web.rendering import markdown, page

router = APIRouter()
SUPPORT = "/support"
_TEMPLATE = "participant/support.html"


@dataclass(frozen=True, slots=True)
class ShownHelp:
    """Pages of help and what else is said, in one language."""

    pages: tuple[Markup, ...]
    messages: tuple[str, ...] = ()


def help_in(language: str, found: Help) -> ShownHelp:
    """Return help in one language."""
    say = translator(language)
    return ShownHelp(
        tuple(markdown(say.pick(text)) for text in found.pages),
        tuple(say.pick(text) for text in found.messages),
    )


@router.get(SUPPORT)
def support(request: Request, edge: AtEdge) -> Response:
    """Say where to find help; at once, if answers asked for it, and whoever they are."""
    row = cookies.read(request, edge, "longwave")
    with edge.database.reading() as session:
        assessment = assessment_rows.by_id(session, row) if row else None
        if assessment is None:
            return page(
                _TEMPLATE,
                reader_language(request),
                frame=None,
                languages=languages(),
                help=None,
                is_asked_for=False,
                resume=False,
            )
        participant = participants.by_id(session, assessment.participant_id)
        study = studies.by_id(session, assessment.study_id)
        protocol = protocol_of(session, assessment.protocol_version_id)
        found = safety.help_of(session, assessment, participant, protocol, now=edge.now)
    return _page(request, study, protocol, found, participant.language)


@router.get("/support/{slug}")
def support_of_study(slug: str, request: Request, edge: AtEdge) -> Response:
    """Say where to find help to somebody who has finished, and whom this device has forgotten."""
    with edge.database.reading() as session:
        study = get_study(session, slug)
        if study.opened_at is None:
            raise NotFoundError("There is no such study.")
        protocol = current_protocol(session, study)
    return _page(request, study, protocol, Help(tuple(protocol.texts.values())))


def _page(
    request: Request, study: Study, protocol: Protocol, found: Help, own: str | None = None
) -> Response:
    language = language_for(request, protocol, own)
    return page(
        _TEMPLATE,
        language,
        frame=frame_of(request, study, protocol),
        help=help_in(language, found),
        watching=safety.watching(protocol, translator(language)),
        is_asked_for=found.is_asked_for,
        resume=own is not None,
    )
