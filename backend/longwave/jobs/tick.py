"""One tick: sweep, dispatch, seal. What it does follows from the rows and ``now`` alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from longwave.jobs.dispatch import dispatch
from longwave.jobs.sweep import sweep
from longwave.keys import KeyRing
from longwave.notify import Transport
from longwave.services import audit, heartbeat
from longwave.storage.database import Database

BATCH = 100
"""Assessments opened or closed in one transaction."""

MESSAGES = 10
"""Messages claimed at once; a lease lasts longer than sending them."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a tick works with."""

    database: Database
    transport: Transport
    keys: KeyRing
    base_url: str

    def tick(self, now: datetime) -> None:
        """Do all that is due, a batch for each transaction."""
        self.sweep(now)
        self.dispatch(now)
        seal(self.database, self.keys, now)
        with self.database.writing() as session:
            heartbeat.beat(session, now=now)

    def sweep(self, now: datetime) -> None:
        """Open and close assessments until none is due."""
        while True:
            with self.database.writing() as session:
                report = sweep(session, now, BATCH, keys=self.keys)
            if not report.may_have_left_some(BATCH):
                return

    def dispatch(self, now: datetime) -> None:
        """Send messages until none is due."""
        while True:
            found = dispatch(
                self.database,
                self.transport,
                keys=self.keys,
                base_url=self.base_url,
                now=now,
                limit=MESSAGES,
            )
            if found < MESSAGES:
                return


def seal(database: Database, keys: KeyRing, now: datetime) -> None:
    """Seal the events that no writer can still precede."""
    with database.reading() as session:
        if not audit.has_unsealed(session):
            return
    with database.writing() as session:
        upto = audit.horizon(session)
    with database.writing() as session:
        audit.seal(session, upto=upto, keys=keys, now=now)
