"""One tick: sweep, send, seal. What it does follows from the rows and ``now`` alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from longwave.clock import Clock
from longwave.jobs.dispatch import dispatch
from longwave.jobs.pace import pace_for
from longwave.jobs.sweep import sweep
from longwave.keys import KeyRing
from longwave.notify import Transport, Transports
from longwave.services import audit, heartbeat
from longwave.services.dealing import one_by_one
from longwave.services.outbox import NO_LIMITS, Limits
from longwave.storage.database import Database

_log = logging.getLogger(__name__)

GoesOn = Callable[[], bool]
"""Asked between two steps: whether this process should take the next one."""

BATCH = 100
"""Assessments opened or closed in one transaction, at most."""


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
    limits: Limits = NO_LIMITS
    senders: int = 1

    def tick(self) -> None:
        """Do all that is due, a batch for each transaction."""
        self.sweep()
        self.dispatch()
        self.seal()

    def lead(self, goes_on: GoesOn = always) -> None:
        """Do what one process does for all: a tick without the sending."""
        pace = pace_for(one_writer=self.database.is_sqlite, most=BATCH)
        left = True
        while left and goes_on():
            with pace.batch() as size:
                left = self._sweep_once(size)
        if goes_on():
            self.seal()

    def sweep(self) -> None:
        """Open and close assessments until none is due, in batches of one size.

        So the order of what happens depends on nothing but what is due.
        """
        while self._sweep_once(BATCH):
            pass

    def _sweep_once(self, size: int) -> bool:
        """Do one batch, and note that time passes; return whether some may be left.

        A batch in which something fails is done again, one by one: the rest must not wait for it.
        """
        try:
            return self._sweep_batch(size)
        except Exception:
            _log.warning("a batch of the sweep failed; what is due is taken one by one")
            return self._sweep_batch(size, careful=True)

    def _sweep_batch(self, size: int, *, careful: bool = False) -> bool:
        with self.database.writing() as session:
            if careful:
                one_by_one(session)
            now = self.clock()
            report = sweep(session, now, size, keys=self.keys)
            heartbeat.beat(session, now=now)
        return report.may_have_left_some(size)

    def dispatch(self, goes_on: GoesOn = always) -> None:
        """Send messages until none is due."""
        dispatch(
            self.database,
            self.transport,
            keys=self.keys,
            base_url=self.base_url,
            clock=self.clock,
            limits=self.limits,
            senders=self.senders,
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
