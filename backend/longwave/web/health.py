"""Whether this installation works: for load balancers and for `doctor`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from longwave.services import heartbeat
from longwave.storage.migration import is_current
from longwave.web.edge import AtEdge

router = APIRouter()


@router.get("/healthz")
def health(edge: AtEdge) -> JSONResponse:
    """Say whether the database answers, its schema is current, and when the last tick was."""
    facts: dict[str, Any] = {
        "status": "ok",
        "database": "reachable",
        "schema": "current",
        "last_tick": None,
    }
    try:
        with edge.database.reading() as session:
            session.connection()
            if is_current(edge.database):
                tick = heartbeat.last_tick(session)
                facts["last_tick"] = tick.isoformat() if tick else None
            else:
                facts |= {"status": "unavailable", "schema": "outdated"}
    except SQLAlchemyError:
        facts |= {"status": "unavailable", "database": "unreachable", "schema": "unknown"}
    return JSONResponse(facts, 200 if facts["status"] == "ok" else 503)
