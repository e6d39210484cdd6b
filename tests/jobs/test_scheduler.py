"""The scheduler is only a heartbeat: a tick that fails is followed by the next."""

from __future__ import annotations

import threading

from longwave.clock import system_clock
from longwave.jobs import scheduler


class Failing:
    def __init__(self) -> None:
        self.ticks = 0
        self.enough = threading.Event()

    clock = staticmethod(system_clock)

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks == 3:
            self.enough.set()
        raise RuntimeError("no database today")


def test_a_failing_tick_is_tried_again(caplog):
    clockwork = Failing()
    running = scheduler.start(clockwork, 0.05)
    try:
        assert clockwork.enough.wait(10)
    finally:
        running.shutdown()
    assert "the tick failed" in caplog.text
