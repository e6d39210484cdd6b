"""Bearer tokens of staff: programs sign in with every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.permissions import Action
from longwave.keys import KeyRing
from longwave.services.overview import find_participant
from longwave.services.staff import Who, authenticate, study_for
from longwave.storage.tables import Participant, Study
from longwave.web.edge import AtEdge, Edge

_bearer = HTTPBearer(
    auto_error=False,
    description="A token from `longwave staff add` or `longwave staff token`.",
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
"""A route's parameter that receives the bearer token, if one was sent."""


@dataclass(frozen=True, slots=True)
class AtStudy:
    """A study, and what whoever sent the request may see and do in it."""

    session: Session
    study: Study
    viewer: Viewer
    keys: KeyRing
    now: datetime

    def participant(self, public_id: str, action: Action) -> Participant:
        """Return a participant for whom the sender may do ``action``.

        Raises
        ------
        NotAllowedError
            If they may not do it anywhere.
        NotFoundError
            If there is nobody of this id at the sites that they were granted.
        """
        self.viewer.require(action)
        found = find_participant(self.session, self.study, public_id)
        self.viewer.require(action, site=found.site)
        return found


def who_with(bearer: HTTPAuthorizationCredentials | None, edge: Edge, session: Session) -> Who:
    """Return who sent a request; anybody unknown gets a 401, never a redirect."""
    who = authenticate(session, bearer.credentials, now=edge.now) if bearer else None
    if who is None:
        raise HTTPException(401, headers={"www-authenticate": "Bearer"})
    return who


def require_token(bearer: Bearer, edge: AtEdge) -> None:
    """Turn strangers away before what they sent is looked at, or they wait for a lock."""
    with edge.database.reading() as session:
        who_with(bearer, edge, session)


@contextmanager
def reading(
    bearer: HTTPAuthorizationCredentials | None, edge: Edge, slug: str
) -> Iterator[AtStudy]:
    """Give a study to look at."""
    with edge.database.reading() as session:
        yield _at(bearer, edge, session, slug)


@contextmanager
def writing(
    bearer: HTTPAuthorizationCredentials | None, edge: Edge, slug: str
) -> Iterator[AtStudy]:
    """Give a study to do something in; what was done is committed when the block ends."""
    with edge.database.writing() as session:
        yield _at(bearer, edge, session, slug)


def _at(
    bearer: HTTPAuthorizationCredentials | None, edge: Edge, session: Session, slug: str
) -> AtStudy:
    study, viewer = study_for(session, who_with(bearer, edge, session), slug)
    return AtStudy(session, study, viewer, edge.keys, edge.now)
