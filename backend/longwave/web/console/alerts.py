"""Alerts that participants' answers have set off: those that wait, and looking after them."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import StudyMode
from longwave.domain.permissions import Action
from longwave.i18n import translator
from longwave.services import safety
from longwave.services.study import current_protocol
from longwave.web.console.staff import Place, age, staff_page, viewer_of_study
from longwave.web.edge import AtEdge, Edge
from longwave.web.errors import reader_language
from longwave.web.forms import Posted

router = APIRouter(prefix="/console")
_PAGE = 50


@router.get("/{slug}/alerts")
def alerts(
    slug: str,
    request: Request,
    edge: AtEdge,
    acknowledged: bool = False,
    page: int = Query(default=1, ge=1, le=1_000_000),
) -> Response:
    """List the alerts that wait, the oldest first, or those that were looked after."""
    return _list(slug, request, edge, acknowledged=acknowledged, page=page)


@router.post("/{slug}/alerts/{name}")
def acknowledge(slug: str, name: str, request: Request, form: Posted, edge: AtEdge) -> Response:
    """Note that somebody looked after an alert, and what was done."""
    note = form.get("note")
    try:
        with edge.database.writing() as session:
            study, viewer = viewer_of_study(request, edge, session, slug)
            safety.acknowledge(
                session, study, name, note=note, viewer=viewer, keys=edge.keys, now=edge.now
            )
    except InvalidInputError:
        return _list(slug, request, edge, without_note=name)
    except RefusedTransitionError:
        pass  # a colleague was faster: the list says so by not showing it
    return RedirectResponse(f"/console/{slug}/alerts", 303)


def _list(
    slug: str,
    request: Request,
    edge: Edge,
    *,
    acknowledged: bool = False,
    page: int = 1,
    without_note: str | None = None,
) -> Response:
    with edge.database.reading() as session:
        study, viewer = viewer_of_study(request, edge, session, slug)
        protocol = current_protocol(session, study)
        found = safety.read_alerts(session, study, viewer, acknowledged=acknowledged)
    if acknowledged:
        found.reverse()  # what was done last is looked for first
    say = translator(reader_language(request))
    start = (page - 1) * _PAGE
    response = staff_page(
        request,
        edge,
        "console/alerts.html",
        viewer,
        Place("alerts", slug, say.pick(protocol.study.title), study.mode == StudyMode.TRIAL_RUN),
        alerts=[
            (alert, age(say, edge.now, alert.raised_at)) for alert in found[start : start + _PAGE]
        ],
        total=len(found),
        acknowledged=acknowledged,
        without_note=without_note,
        may_look_after=viewer.may(Action.LOOK_AFTER_ALERTS),
        sites_looked_after=viewer.sites_for(Action.LOOK_AFTER_ALERTS),
        sites={site.id: site.label for site in protocol.sites.values()},
        zone=protocol.study.timezone,
        now=edge.now,
        before=page - 1 if page > 1 else None,
        after=page + 1 if start + _PAGE < len(found) else None,
    )
    if without_note is not None:
        response.status_code = 422
    return response
