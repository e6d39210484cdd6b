"""APScheduler as a heartbeat. It keeps no jobs of its own, so a restart loses nothing.

Three things happen now and then, each never twice at a time, none waiting for another: this
process says that it leads, or tries to; the leader ticks; messages are sent. So a slow mail server
delays no wave.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import DBAPIError, IntegrityError

from longwave.jobs.leading import Leadership
from longwave.jobs.tick import Clockwork

logger = logging.getLogger(__name__)

_PER_LEASE = 3
"""How often the leader says so within one lease."""


@contextmanager
def running(clockwork: Clockwork, leadership: Leadership, seconds: float) -> Iterator[None]:
    """Let the clockwork run for as long as the block lasts, ticking every ``seconds``.

    At the end, the batch and the message in hand are finished, and the lease is given back.

    Raises
    ------
    ConfigurationError
        If another process runs the clockwork, where only one may.
    """
    leadership.begin()
    worker = _Worker(clockwork, leadership, seconds)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


class _Worker:
    def __init__(self, clockwork: Clockwork, leadership: Leadership, seconds: float) -> None:
        self._clockwork = clockwork
        self._leadership = leadership
        self._seconds = seconds
        self._stopping = threading.Event()
        self._in_hand: list[threading.Lock] = []
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        self._every(self._leadership.span.total_seconds() / _PER_LEASE, self._lead, "lease")
        self._every(self._seconds, self._tick, "tick")
        self._every(self._seconds, self._send, "sending")
        self._scheduler.start()

    def stop(self) -> None:
        self._stopping.set()
        # It would wait under a lock that `_at_once` needs.
        self._scheduler.shutdown(wait=False)
        for lock in self._in_hand:
            lock.acquire()
        _tried("giving back of the lease", self._leadership.give_back)

    def _every(self, seconds: float, work: Callable[[], None], name: str) -> None:
        in_hand = threading.Lock()
        self._in_hand.append(in_hand)

        def run() -> None:
            with in_hand:
                if not self._stopping.is_set():
                    _tried(name, work)

        self._scheduler.add_job(
            run,
            IntervalTrigger(seconds=seconds),
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=self._clockwork.clock(),
        )

    def _at_once(self, name: str) -> None:
        with suppress(JobLookupError):  # none is known any more once it stops
            self._scheduler.modify_job(name, next_run_time=self._clockwork.clock())

    def _lead(self) -> None:
        if self._leadership.say_again():
            self._at_once("tick")

    def _tick(self) -> None:
        if self._leadership.leads:
            self._clockwork.lead(lambda: self._leadership.leads and not self._stopping.is_set())
            self._at_once("sending")

    def _send(self) -> None:
        if self._leadership.may_send:
            self._clockwork.dispatch(
                lambda: self._leadership.may_send and not self._stopping.is_set()
            )


def _tried(name: str, work: Callable[[], object]) -> None:
    """Do something; what fails is told in the log, and done again by the next run."""
    try:
        work()
    except DBAPIError as error:
        if isinstance(error, IntegrityError):
            logger.exception("the %s failed; the next one tries again", name)
        else:
            told = type(error.orig).__name__
            logger.error("the database broke off the %s (%s); the next one tries again", name, told)
    except Exception:
        logger.exception("the %s failed; the next one tries again", name)
