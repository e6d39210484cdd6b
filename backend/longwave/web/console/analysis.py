"""The report of the analysis, shown as it was written."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from longwave.services.downloads import analysis_report
from longwave.web.console.staff import viewer_of_all
from longwave.web.edge import AtEdge

router = APIRouter(prefix="/console")
_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/analysis")
def report(request: Request, edge: AtEdge) -> Response:
    """Send the report; it may style itself, and can do nothing else."""
    with edge.database.reading() as session:
        viewer = viewer_of_all(request, edge, session)
    return FileResponse(
        analysis_report(edge.settings.analysis_directory, viewer=viewer),
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": _POLICY, "cache-control": "no-store"},
    )
