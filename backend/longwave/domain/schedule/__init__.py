"""When waves are due: wall-clock arithmetic in the participant's zone, then instants in UTC."""

from longwave.domain.schedule.clock import (
    elapsed,
    instant,
    outside_quiet_hours,
    study_day,
    wall_clock,
)
from longwave.domain.schedule.expiry import Closing, ClosingReason, closing
from longwave.domain.schedule.sampling import Below, drawn_times
from longwave.domain.schedule.timeline import Course, Occasion, Period, Timeline, timeline
from longwave.domain.schedule.travel import Planned, moved_to_zone
from longwave.domain.schedule.windows import PlannedWindow, plan_window, plan_windows

__all__ = [
    "Below",
    "Closing",
    "ClosingReason",
    "Course",
    "Occasion",
    "Period",
    "Planned",
    "PlannedWindow",
    "Timeline",
    "closing",
    "drawn_times",
    "elapsed",
    "instant",
    "moved_to_zone",
    "outside_quiet_hours",
    "plan_window",
    "plan_windows",
    "study_day",
    "timeline",
    "wall_clock",
]
