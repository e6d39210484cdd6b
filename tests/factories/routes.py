"""Every route of an application, whatever routers it is made of."""

from __future__ import annotations

from fastapi import FastAPI, routing


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return (method, path) of every route that answers by itself; HEAD goes without saying."""
    found = getattr(routing, "iter_route_contexts", iter)(app.routes)
    return {
        (method, route.path)
        for route in found
        for method in (getattr(route, "methods", None) or ())
        if method != "HEAD"
    }
