"""One tick: sweep, send, seal. What it does follows from the rows and ``now`` alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from longwave.clock import Clock
from longwave.jobs.dispatch import dispatch
from longwave.jobs.sweep import sweep
from longwave.keys import KeyRing
from longwave.notify import Transport, Transports
from longwave.services import audit, heartbeat
from longwave.storage.database import Database

GoesOn = Callable[[], bool]
"""Asked between two steps: whether this process should take the next one."""

BATCH = 100
"""Assessments opened or closed in one transaction."""


def always() -> bool:
    """Go on until all is done."""
    return True


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a tick works with."""

    database: Database
    transport: Transport | Transports
    keys: KeyRing
    base_url: str
    clock: Clock

    def tick(self) -> None:
        """Do all that is due, a batch for each transaction."""
        self.sweep()
        self.dispatch()
        self.seal()

    def lead(self, goes_on: GoesOn = always) -> None:
        """Do what one process does for all: a tick without the sending."""
        self.sweep(goes_on)
        if goes_on():
            self.seal()

    def sweep(self, goes_on: GoesOn = always) -> None:
        """Open and close assessments until none is due; each batch notes that time passes."""
        while goes_on():
            with self.database.writing() as session:
                now = self.clock()
                report = sweep(session, now, BATCH, keys=self.keys)
                heartbeat.beat(session, now=now)
            if not report.may_have_left_some(BATCH):
                return

    def dispatch(self, goes_on: GoesOn = always) -> None:
        """Send messages until none is due."""
        dispatch(
            self.database,
            self.transport,
            keys=self.keys,
            base_url=self.base_url,
            clock=self.clock,
            goes_on=goes_on,
        )

    def seal(self) -> None:
        """Seal what has happened."""
        seal(self.database, self.keys, self.clock())


def seal(database: Database, keys: KeyRing, now: datetime) -> None:
    """Seal the events that no writer can still precede."""
    with database.reading() as session:
        if not audit.has_unsealed(session):
            return
    with database.writing() as session:
        upto = audit.horizon(session)
    with database.writing() as session:
        audit.seal(session, upto=upto, keys=keys, now=now)
