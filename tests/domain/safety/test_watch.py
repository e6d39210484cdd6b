"""When an alert is looked at: in hours and out of them, over nights and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from longwave.domain.protocol.alerting import (
    WEEKDAYS,
    Alerting,
    Escalation,
    OutOfHours,
    WatchHours,
)
from longwave.domain.safety import is_watched, steps, watched_after

ISTANBUL = "Europe/Istanbul"  # three hours ahead of UTC, all year
OFFICE = WatchHours("08:00", "18:00", WEEKDAYS[:5], ISTANBUL)
NIGHT = WatchHours("20:00", "06:00", ("fri", "sat"), ISTANBUL)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """Return an instant of the week of Monday 2 March 2026, by the clocks of Istanbul."""
    day, clock = text.split()
    date = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=WEEKDAYS.index(day))
    hours, minutes = map(int, clock.split(":"))
    return date + timedelta(hours=hours - 3, minutes=minutes)


@pytest.mark.parametrize(
    ("hours", "when", "watched"),
    [
        (OFFICE, "mon 08:00", True),
        (OFFICE, "mon 17:59", True),
        (OFFICE, "mon 18:00", False),
        (OFFICE, "mon 07:59", False),
        (OFFICE, "sat 12:00", False),
        (NIGHT, "fri 23:00", True),
        (NIGHT, "sat 05:59", True),
        (NIGHT, "sat 06:00", False),
        (NIGHT, "sun 05:00", True),  # the night that began on Saturday
        (NIGHT, "fri 05:00", False),
        (None, "sun 03:00", True),
    ],
)
def test_hours_tell_whether_somebody_looks(hours, when, watched):
    assert is_watched(Alerting("coordinator", hours=hours), at(when)) is watched


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("mon 09:00", "mon 11:00"),
        ("mon 16:00", "mon 18:00"),
        ("mon 17:30", "tue 09:30"),
        ("mon 20:00", "tue 10:00"),
        ("tue 03:00", "tue 10:00"),
    ],
)
def test_time_is_counted_in_the_hours_alone(since, until):
    alert = Alerting("coordinator", hours=OFFICE)
    assert watched_after(alert, at(since), 2 * HOUR) == at(until)


def test_a_weekend_does_not_count():
    alert = Alerting("coordinator", hours=OFFICE)
    assert watched_after(alert, at("fri 17:00"), 2 * HOUR) == at("mon 09:00") + timedelta(days=7)


def test_whoever_covers_the_rest_looks_at_any_hour():
    cover = Alerting("coordinator", hours=OFFICE, out_of_hours=OutOfHours(role="owner"))
    told = Alerting("coordinator", hours=OFFICE, out_of_hours=OutOfHours(message={"en": "No."}))
    assert watched_after(cover, at("sat 12:00"), 2 * HOUR) == at("sat 14:00")
    assert watched_after(told, at("sat 12:00"), 2 * HOUR) == at("mon 10:00") + timedelta(days=7)


def test_hours_are_those_of_the_clocks_of_the_place():
    alert = Alerting("coordinator", hours=WatchHours("08:00", "18:00", WEEKDAYS, "Europe/Berlin"))
    before, after = (datetime(2026, 3, day, 20, tzinfo=UTC) for day in (27, 28))  # 29: to summer
    assert watched_after(alert, before, HOUR) == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert watched_after(alert, after, HOUR) == datetime(2026, 3, 29, 7, tzinfo=UTC)


def told_at(alert: Alerting, raised: str) -> list[tuple[datetime, bool]]:
    return [(step.at, step.escalates) for step in steps(alert, at(raised))]


def test_those_who_were_told_are_reminded_three_times_and_others_told_once():
    alert = Alerting("coordinator", within=2 * HOUR, escalate=Escalation("owner", 5 * HOUR))
    assert told_at(alert, "mon 09:00") == [
        (at("mon 11:00"), False),
        (at("mon 13:00"), False),
        (at("mon 14:00"), True),
        (at("mon 15:00"), False),
    ]


def test_without_a_promised_time_a_reminder_comes_each_day():
    assert told_at(Alerting("coordinator"), "mon 09:00") == [
        (at("tue 09:00"), False),
        (at("wed 09:00"), False),
        (at("thu 09:00"), False),
    ]


def test_reminders_and_escalation_keep_to_the_hours():
    alert = Alerting(
        "coordinator", within=4 * HOUR, escalate=Escalation("owner", 6 * HOUR), hours=OFFICE
    )
    assert told_at(alert, "mon 16:00") == [
        (at("tue 10:00"), False),
        (at("tue 12:00"), True),
        (at("tue 14:00"), False),
        (at("tue 18:00"), False),
    ]
