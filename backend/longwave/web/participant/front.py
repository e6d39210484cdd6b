"""The front page: the open studies; in a demonstration, the ways into all of it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from longwave.domain.lifecycle import StudyMode, StudyState
from longwave.i18n import Translator, languages, translator
from longwave.services import overview
from longwave.services.study import current_protocol, list_studies
from longwave.storage.tables import Study
from longwave.web.edge import AtEdge, Edge
from longwave.web.errors import reader_language
from longwave.web.rendering import page

router = APIRouter()
_LINKS = 6


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study that enrols. ``links`` lead to open assessments of a demonstration."""

    slug: str
    title: str
    trial_run: bool
    links: tuple[tuple[str, str, str], ...]


@router.get("/")
def front(request: Request, edge: AtEdge) -> Response:
    """Show where one can go."""
    language = reader_language(request)
    say = translator(language)
    with edge.database.reading() as session:
        studies = [
            _open_study(session, edge, study, say)
            for study in list_studies(session)
            if study.state == StudyState.OPEN
        ]
    return page(
        "participant/front.html",
        language,
        frame=None,
        languages=languages(),
        studies=studies,
        demo=edge.settings.demo_token is not None,
        has_mail=edge.settings.mail_directory is not None,
        has_report=(edge.settings.analysis_directory / "report.html").is_file(),
    )


def _open_study(session: Session, edge: Edge, study: Study, say: Translator) -> OpenStudy:
    protocol = current_protocol(session, study)
    shows_links = study.mode == StudyMode.TRIAL_RUN and edge.settings.demo_token is not None
    found = (
        overview.open_assessments(session, study.slug, keys=edge.keys, now=edge.now, limit=_LINKS)
        if shows_links
        else []
    )
    return OpenStudy(
        slug=study.slug,
        title=say.pick(protocol.study.title),
        trial_run=study.mode == StudyMode.TRIAL_RUN,
        links=tuple((who, say.pick(protocol.wave(wave).label), path) for who, wave, path in found),
    )
