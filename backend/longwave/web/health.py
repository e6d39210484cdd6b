"""Whether this installation works: for load balancers, and for whoever is called at night."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from longwave.services import heartbeat
from longwave.storage.migration import is_current
from longwave.web.edge import AtEdge, Edge

router = APIRouter()


@router.get("/healthz")
def health(edge: AtEdge) -> JSONResponse:
    """Say how this process stands; 503 if it cannot serve people.

    A clockwork that is late is told and is no reason: participants can still answer.
    """
    facts = _facts(edge)
    return JSONResponse(facts, 200 if facts["status"] == "ok" else 503)


@router.get("/healthz/clockwork")
def clockwork(edge: AtEdge) -> JSONResponse:
    """Say the same; 503 unless the clockwork moves and messages leave."""
    facts = _facts(edge)
    well = all(facts[name] == "ok" for name in ("status", "clockwork", "messages"))
    return JSONResponse(facts, 200 if well else 503)


def _facts(edge: Edge) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": "ok",
        "database": "reachable",
        "schema": "current",
        "clockwork": "unknown",
        "last_tick": None,
        "last_tick_age_seconds": None,
        "led_since": None,
        "messages": "unknown",
    }
    try:
        with edge.database.reading() as session:
            session.connection()
            if is_current(edge.database):
                now = edge.now
                stands = heartbeat.state(session, now=now, late_after=edge.settings.late_after)
                facts |= _clockwork(stands)
                if stands.last_tick:
                    facts["last_tick_age_seconds"] = (now - stands.last_tick).total_seconds()
            else:
                facts |= {"status": "unavailable", "schema": "outdated"}
    except SQLAlchemyError:
        facts |= {"status": "unavailable", "database": "unreachable", "schema": "unknown"}
    return facts


def _clockwork(stands: heartbeat.Clockwork) -> dict[str, str | None]:
    pace = "late" if stands.is_late else "ok"
    return {
        "clockwork": pace if stands.has_run else "never ran",
        "last_tick": stands.last_tick.isoformat() if stands.last_tick else None,
        "led_since": stands.leader.since.isoformat() if stands.leader else None,
        "messages": "held up" if stands.messages_held_up else "ok",
    }
