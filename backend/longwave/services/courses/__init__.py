"""Programmes delivered: course groups, daily practice, attendance, and the ledger of doses."""

from longwave.services.courses.attendance import attend, correct
from longwave.services.courses.clockwork import (
    begin,
    complete_due,
    end,
    plan_due,
    release_due,
    rest_is_cancelled,
    take_up_again,
)
from longwave.services.courses.groups import (
    GroupRow,
    add_group,
    close_group,
    course_ids,
    get_group,
    list_groups,
    start_group,
)
from longwave.services.courses.ledger import DoseRow, dose_rows
from longwave.services.courses.members import fill, join, leave, who_waits
from longwave.services.courses.practice import (
    OwnProgramme,
    PracticeSession,
    has_programme,
    log,
    open_session,
    own_programme,
)

__all__ = [
    "DoseRow",
    "GroupRow",
    "OwnProgramme",
    "PracticeSession",
    "add_group",
    "attend",
    "begin",
    "close_group",
    "complete_due",
    "correct",
    "course_ids",
    "dose_rows",
    "end",
    "fill",
    "get_group",
    "has_programme",
    "join",
    "leave",
    "list_groups",
    "log",
    "open_session",
    "own_programme",
    "plan_due",
    "release_due",
    "rest_is_cancelled",
    "start_group",
    "take_up_again",
    "who_waits",
]
