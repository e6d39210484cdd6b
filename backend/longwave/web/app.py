"""The web application: pages for participants and staff, and the API, on one edge."""

from __future__ import annotations

from typing import cast

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from longwave import __version__
from longwave.clock import Clock
from longwave.config import Settings
from longwave.storage.database import Database
from longwave.web import errors, health
from longwave.web.api import routes as api
from longwave.web.chosen import Chosen
from longwave.web.console import alerts, analysis, data, mail, overview, sign_in
from longwave.web.edge import make_edge
from longwave.web.guard import Guard
from longwave.web.participant import (
    address,
    consent,
    download,
    enrolment,
    erase,
    front,
    landing,
    leave,
    place,
    practice,
    study,
    support,
    survey,
)
from longwave.web.rendering import STATIC

OPENAPI = "/api/v1/openapi.json"


def create_app(settings: Settings, database: Database, clock: Clock) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings
        What this installation decided.
    database
        An open, migrated database; the caller closes it.
    clock
        Tells the time. No request can set it.
    """
    app = FastAPI(
        title="Longwave",
        version=__version__,
        summary="Studies, their progress and their participants, for programs.",
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.edge = make_edge(settings, database, clock)
    errors.install(app)
    for module in (front, study, enrolment, landing, consent, leave, practice, support, survey):
        app.include_router(module.router, include_in_schema=False)
    for module in (place, address, download, erase):
        app.include_router(module.router, include_in_schema=False)
    for module in (sign_in, mail, analysis, overview, alerts, data):
        app.include_router(module.router, include_in_schema=False)
    app.include_router(health.router, include_in_schema=False)
    app.include_router(api.router)
    app.mount("/static", GZipMiddleware(_Static(directory=STATIC)))
    app.add_middleware(Chosen, secure=settings.secure)
    app.add_middleware(Guard, base_url=settings.base_url, refuse=errors.refuse)
    return app


class _Static(StaticFiles):
    """Static files under addresses that change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 404:
            raise HTTPException(404)
        known = b"v=" in cast("bytes", scope.get("query_string", b""))
        response.headers["cache-control"] = (
            "public, max-age=31536000, immutable" if known else "public, max-age=3600"
        )
        return response
