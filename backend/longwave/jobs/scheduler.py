"""APScheduler as a heartbeat. It keeps no jobs of its own, so a restart loses nothing."""

from __future__ import annotations

import logging

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from longwave.jobs.tick import Clockwork

logger = logging.getLogger(__name__)


def start(clockwork: Clockwork, seconds: float) -> BackgroundScheduler:
    """Tick now and then every ``seconds``; late ticks run once, and never two at a time."""

    def tick() -> None:
        try:
            clockwork.tick()
        except Exception:
            logger.exception("the tick failed; the next one tries again")

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        IntervalTrigger(seconds=seconds),
        id="tick",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=clockwork.clock(),
    )
    scheduler.start()
    return scheduler
