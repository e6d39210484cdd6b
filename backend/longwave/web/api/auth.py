"""Bearer tokens of staff: programs sign in with every request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.services.staff import authenticate
from longwave.web.edge import Edge

_bearer = HTTPBearer(auto_error=False, description="A token from `longwave staff add`.")

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
"""A route's parameter that receives the bearer token, if one was sent."""


def viewer_with(
    bearer: HTTPAuthorizationCredentials | None, edge: Edge, session: Session
) -> Viewer:
    """Return who sent a request; anybody unknown gets a 401, never a redirect."""
    viewer = authenticate(session, bearer.credentials, now=edge.now) if bearer else None
    if viewer is None:
        raise HTTPException(401, headers={"www-authenticate": "Bearer"})
    return viewer
