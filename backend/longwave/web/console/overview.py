"""The studies, a study's home, its participants."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Query, Request, Response

from longwave.domain.blinding import waves_shown
from longwave.domain.lifecycle import MessageState, StudyMode
from longwave.domain.permissions import Action
from longwave.i18n import translator
from longwave.services import heartbeat, safety
from longwave.services.overview import StudyOverview, participant_rows, study_overview
from longwave.services.staff import studies_for
from longwave.services.study import current_protocol
from longwave.web.console.chart import enrolment_chart
from longwave.web.console.staff import Place, age, staff_page, viewer_of_study, who_is
from longwave.web.edge import AtEdge
from longwave.web.errors import reader_language

router = APIRouter(prefix="/console")
_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Pages:
    """Which of a table's pages is shown."""

    first: int
    last: int
    total: int
    before: int | None
    after: int | None


@router.get("")
def studies(request: Request, edge: AtEdge) -> Response:
    """List the studies."""
    with edge.database.reading() as session:
        who = who_is(request, edge, session)
        found = [
            (study_overview(session, study, viewer), viewer)
            for study, viewer in studies_for(session, who)
            if viewer.may(Action.SEE_STUDY)
        ]
    return staff_page(request, edge, "console/studies.html", who, Place("studies"), studies=found)


@router.get("/{slug}")
def home(slug: str, request: Request, edge: AtEdge) -> Response:
    """Show a study at a glance, what waits for a person first."""
    with edge.database.reading() as session:
        study, viewer = viewer_of_study(request, edge, session, slug)
        overview = study_overview(session, study, viewer)
        protocol = current_protocol(session, overview.study)
        alerts = (
            len(safety.read_alerts(session, study, viewer)) if viewer.may(Action.SEE_ALERTS) else 0
        )
        stands = heartbeat.state(session, now=edge.now, late_after=edge.settings.late_after)
    say = translator(reader_language(request))
    return staff_page(
        request,
        edge,
        "console/home.html",
        viewer,
        _place("home", overview, say.pick(overview.title)),
        overview=overview,
        arms=overview.arms.for_viewer(viewer),
        alerts=alerts,
        waiting=[
            (state, overview.messages[state])
            for state in (MessageState.UNCERTAIN, MessageState.FAILED)
            if overview.messages.get(state)
        ],
        chart=enrolment_chart(overview.enrolled_by_month, overview.target_n),
        clockwork=stands,
        ticked=age(say, edge.now, stands.last_tick),
        due=stands.due.for_viewer(viewer),
        zone=protocol.study.timezone,
    )


@router.get("/{slug}/participants")
def participants(
    slug: str,
    request: Request,
    edge: AtEdge,
    page: int = Query(default=1, ge=1, le=1_000_000),
) -> Response:
    """Show the enrolled participants, one page of them."""
    offset = (page - 1) * _PAGE
    with edge.database.reading() as session:
        study, viewer = viewer_of_study(request, edge, session, slug)
        protocol = current_protocol(session, study)
        rows, total = participant_rows(session, study, viewer, offset=offset, limit=_PAGE)
    say = translator(reader_language(request))
    return staff_page(
        request,
        edge,
        "console/participants.html",
        viewer,
        Place(
            "participants",
            slug,
            say.pick(protocol.study.title),
            study.mode == StudyMode.TRIAL_RUN,
        ),
        rows=[(row, row.arm.for_viewer(viewer)) for row in rows],
        waves=waves_shown(protocol, blinded=viewer.blinded),
        arms={arm.id: arm.label for arm in protocol.arms.values()} if viewer.sees_arms else {},
        sites={site.id: site.label for site in protocol.sites.values()},
        pages=_Pages(
            first=offset + 1 if rows else 0,
            last=offset + len(rows),
            total=total,
            before=page - 1 if page > 1 else None,
            after=page + 1 if offset + len(rows) < total else None,
        ),
    )


def _place(here: str, overview: StudyOverview, title: str) -> Place:
    return Place(here, overview.study.slug, title, overview.study.mode == StudyMode.TRIAL_RUN)
