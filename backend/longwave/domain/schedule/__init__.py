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
from longwave.domain.schedule.sessions import (
    batch_begins,
    first_practice,
    next_practice,
    over_at,
    session_instants,
)
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
    "batch_begins",
    "closing",
    "drawn_times",
    "elapsed",
    "first_practice",
    "instant",
    "moved_to_zone",
    "next_practice",
    "outside_quiet_hours",
    "over_at",
    "plan_window",
    "plan_windows",
    "session_instants",
    "study_day",
    "timeline",
    "wall_clock",
]
