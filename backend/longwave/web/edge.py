"""What every route needs of this installation, and how it gets at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from longwave.clock import Clock
from longwave.config import Settings
from longwave.keys import KeyRing
from longwave.services.assessment import Offered, Outcome, save_alone, save_together
from longwave.storage.database import Database
from longwave.web.together import Together


@dataclass(frozen=True, slots=True)
class Edge:
    """The settings, the database, the clock and the keys of one running application.

    A route opens its session itself, ``with edge.database.writing() as session``, and builds
    its response after the block: what is committed there is committed before the reply, and a
    commit that fails is a 500. A session given by a dependency would be entered, used and left
    in three turns of the thread pool while it holds SQLite's one writing lock; with as many
    writers waiting as the pool has threads, the holder never gets its next turn.
    """

    settings: Settings
    database: Database
    clock: Clock
    keys: KeyRing
    answers: Together[Offered, Outcome]

    @property
    def now(self) -> datetime:
        """The current instant, in UTC."""
        return self.clock()


def make_edge(settings: Settings, database: Database, clock: Clock) -> Edge:
    """Return the edge of an application."""

    def save(offered: Sequence[Offered]) -> list[Outcome | None]:
        with database.writing() as session:
            return save_together(session, offered, now=clock())

    def save_one(offered: Offered) -> Outcome:
        with database.writing() as session:
            return save_alone(session, offered, now=clock())

    return Edge(
        settings,
        database,
        clock,
        KeyRing(settings.secret_key.get_secret_value()),
        Together(save, save_one, key=lambda one: one.assessment_id),
    )


async def _edge(request: Request) -> Edge:
    return edge_of(request)


def edge_of(request: Request) -> Edge:
    """Return the application's edge; for handlers that are no routes."""
    edge: Edge = request.app.state.edge
    return edge


AtEdge = Annotated[Edge, Depends(_edge)]
"""A route's parameter through which it reaches database, clock and keys."""
