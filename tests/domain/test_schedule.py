"""When waves open and close: local time, changes of the clocks, quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.protocol.model import Wave, Window
from longwave.domain.schedule import instant, outside_quiet_hours, plan_window, study_day

ZONES = ("Europe/Istanbul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def wave(target="P4W", before="P0D", after="P10D", at="09:00"):
    return Wave(
        id="w1",
        order=1,
        label={"en": "Wave"},
        anchor="randomisation",
        target=Duration.parse(target),
        window=Window(Duration.parse(before), Duration.parse(after)),
        at=at,
        instruments=(),
    )


def test_nine_in_the_morning_stays_nine_after_the_clocks_change():
    anchor = datetime(2026, 3, 20, 12, tzinfo=UTC)
    planned = plan_window(wave(), anchor, "Europe/Berlin")
    assert planned.due_wall == datetime(2026, 4, 17, 9)
    assert planned.due_at == datetime(2026, 4, 17, 7, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_moves_forward_by_what_was_skipped():
    assert instant(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_a_time_that_occurs_twice_means_the_first():
    assert instant(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_wave_at_its_anchor_opens_at_that_very_instant():
    anchor = datetime(2026, 5, 4, 10, 17, 33, tzinfo=UTC)
    planned = plan_window(wave("P0D", "P0D", "P14D", at=None), anchor, "Europe/Istanbul")
    assert planned.opens_at == planned.due_at == anchor
    assert planned.closes_at == anchor + timedelta(days=14)


@given(
    anchor=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    weeks=st.integers(0, 80),
    before=st.integers(0, 5),
    after=st.integers(1, 20),
)
def test_a_window_is_in_order_and_due_at_nine_local_time(anchor, zone, weeks, before, after):
    planned = plan_window(wave(f"P{weeks}W", f"P{before}D", f"P{after}D"), anchor, zone)
    assert anchor <= planned.opens_at <= planned.due_at <= planned.closes_at
    if planned.due_at > anchor:
        local = planned.due_at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (9, 0)
        assert (local.date() - anchor.astimezone(ZoneInfo(zone)).date()).days == 7 * weeks


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
