"""One tick: sweep, dispatch, seal. What it does follows from the rows and ``now`` alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from longwave.clock import Clock
from longwave.jobs.dispatch import dispatch
from longwave.jobs.sweep import sweep
from longwave.keys import KeyRing
from longwave.notify import Transport
from longwave.services import audit, heartbeat
from longwave.storage.database import Database

BATCH = 100
"""Assessments opened or closed in one transaction."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a tick works with."""

    database: Database
    transport: Transport
    keys: KeyRing
    base_url: str
    clock: Clock

    def tick(self) -> None:
        """Do all that is due, a batch for each transaction."""
        self.sweep()
        self.dispatch()
        with self.database.writing() as session:
            heartbeat.beat(session, now=self.clock())
        seal(self.database, self.keys, self.clock())

    def sweep(self) -> None:
        """Open and close assessments until none is due."""
        while True:
            with self.database.writing() as session:
                report = sweep(session, self.clock(), BATCH, keys=self.keys)
            if not report.may_have_left_some(BATCH):
                return

    def dispatch(self) -> None:
        """Send messages until none is due."""
        dispatch(
            self.database,
            self.transport,
            keys=self.keys,
            base_url=self.base_url,
            clock=self.clock,
        )


def seal(database: Database, keys: KeyRing, now: datetime) -> None:
    """Seal the events that no writer can still precede."""
    with database.reading() as session:
        if not audit.has_unsealed(session):
            return
    with database.writing() as session:
        upto = audit.horizon(session)
    with database.writing() as session:
        audit.seal(session, upto=upto, keys=keys, now=now)
