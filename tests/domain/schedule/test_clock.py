"""Local time and instants: changes of the clocks, elapsed time, quiet hours, study days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.schedule import elapsed, instant, outside_quiet_hours, study_day, wall_clock

ZONES = (
    "Europe/Istanbul",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",  # the clocks skip midnight
    "Pacific/Apia",  # skipped a whole day
    "UTC",
)
WALLS = st.datetimes(datetime(2011, 6, 1), datetime(2035, 1, 1))


@given(wall=WALLS, zone=st.sampled_from(ZONES))
def test_a_local_time_is_kept_or_moves_forward_by_what_was_skipped(wall, zone):
    shown = wall_clock(instant(wall, zone), zone)
    skipped = shown - wall
    assert skipped >= timedelta(0)
    if skipped:
        assert skipped in (timedelta(minutes=30), timedelta(hours=1), timedelta(days=1))


@given(wall=WALLS, zone=st.sampled_from(ZONES))
def test_of_two_instants_with_one_local_time_the_first_is_meant(wall, zone):
    at = instant(wall, zone)
    for back in (timedelta(minutes=30), timedelta(hours=1)):
        assert wall_clock(at - back, zone) != wall


@given(wall=WALLS, more=st.integers(0, 3000), zone=st.sampled_from(ZONES))
def test_local_times_keep_their_order_but_for_those_that_are_skipped(wall, more, zone):
    later = wall + timedelta(minutes=more)
    if wall_clock(instant(wall, zone), zone) == wall:
        assert instant(wall, zone) <= instant(later, zone)


def test_hours_and_minutes_pass_as_they_do_even_when_the_clocks_change():
    before = datetime(2026, 3, 29, 0, 45, tzinfo=UTC)  # 01:45 in Berlin, fifteen minutes before
    assert elapsed(Duration.parse("PT30M"), before, "Europe/Berlin") == before + timedelta(
        minutes=30
    )


def test_days_are_those_of_the_calendar():
    before = datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert elapsed(Duration.parse("P1DT2H"), before, "Europe/Berlin") == datetime(
        2026, 3, 29, 9, tzinfo=UTC
    )


def test_a_time_that_the_clocks_skip_moves_forward_by_what_was_skipped():
    assert instant(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_a_time_that_occurs_twice_means_the_first():
    assert instant(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("wall", "released"),
    [
        ("2026-06-01T20:59", "2026-06-01T20:59"),
        ("2026-06-01T21:00", "2026-06-02T08:00"),
        ("2026-06-02T03:00", "2026-06-02T08:00"),
        ("2026-06-02T08:00", "2026-06-02T08:00"),
    ],
)
def test_quiet_hours_hold_messages_until_they_end(wall, released):
    zone = "Europe/Istanbul"
    at = instant(datetime.fromisoformat(wall), zone)
    expected = instant(datetime.fromisoformat(released), zone)
    assert outside_quiet_hours(at, zone, ("21:00", "08:00")) == expected


def test_without_quiet_hours_nothing_is_held():
    at = datetime(2026, 6, 1, 23, tzinfo=UTC)
    assert outside_quiet_hours(at, "UTC", None) == at


def test_study_days_follow_the_participants_calendar_not_that_of_utc():
    enrolled = datetime(2026, 6, 1, 20, 30, tzinfo=UTC)
    assert study_day(datetime(2026, 6, 1, 21, 30, tzinfo=UTC), enrolled, "Europe/Istanbul") == 1
    assert study_day(datetime(2026, 6, 1, 20, 59, tzinfo=UTC), enrolled, "Europe/Istanbul") == 0
