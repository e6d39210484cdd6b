"""What every route needs of this installation, and how it gets at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from longwave.clock import Clock
from longwave.config import Settings
from longwave.keys import KeyRing
from longwave.storage.database import Database


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

    @property
    def now(self) -> datetime:
        """The current instant, in UTC."""
        return self.clock()


async def _edge(request: Request) -> Edge:
    return edge_of(request)


def edge_of(request: Request) -> Edge:
    """Return the application's edge; for handlers that are no routes."""
    edge: Edge = request.app.state.edge
    return edge


AtEdge = Annotated[Edge, Depends(_edge)]
"""A route's parameter through which it reaches database, clock and keys."""
