"""Going to another zone: local times stay, instants move, and nothing that opened moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.protocol.model import Repeat, Wave, Window
from longwave.domain.schedule import Planned, moved_to_zone, plan_windows

ZONES = ("Europe/Istanbul", "Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo")
DIARY = Wave(
    id="diary",
    order=0,
    label={},
    anchor="enrolment",
    target=Duration(days=1),
    window=Window(Duration(), Duration(minutes=600)),
    at="09:00",
    instruments=(),
    repeat=Repeat(Duration(days=1), 10),
)
START = datetime(2027, 3, 20, 12, tzinfo=UTC)


def planned(zone, opened=0):
    return [
        Planned("diary", number, window, opened=number <= opened)
        for number, window in plan_windows(DIARY, START, zone).items()
    ]


def test_a_diary_at_nine_stays_at_nine_in_the_new_zone():
    moved = moved_to_zone(planned("Europe/Istanbul"), "America/New_York", date(2027, 3, 25))
    before = plan_windows(DIARY, START, "Europe/Istanbul")
    there = plan_windows(DIARY, START, "America/New_York")
    for one in moved:
        number = one.occurrence
        assert one.window == (before if number < 5 else there)[number]


@given(
    home=st.sampled_from(ZONES),
    away=st.sampled_from(ZONES),
    day=st.integers(0, 12),
    opened=st.integers(0, 10),
)
def test_wall_times_stay_and_windows_stay_in_order(home, away, day, opened):
    before = planned(home, opened)
    since = date(2027, 3, 20) + timedelta(days=day)
    moved = moved_to_zone(before, away, since)
    assert [one.occurrence for one in moved] == [one.occurrence for one in before]
    for old, new in zip(before, moved, strict=True):
        assert new.window.due_wall == old.window.due_wall
        assert new.window.opens_at <= new.window.closes_at
        if old.opened or old.window.due_wall.date() < since:
            assert new == old
        else:
            assert new.window.zone == away
    for one, following in pairwise(moved):
        assert one.window.closes_at <= following.window.opens_at


@given(home=st.sampled_from(ZONES), away=st.sampled_from(ZONES), day=st.integers(0, 12))
def test_there_and_back_at_once_leaves_all_as_it_was(home, away, day):
    before = planned(home)
    since = date(2027, 3, 20) + timedelta(days=day)
    whole = [one for one in before if one.window.due_wall.date() >= since]
    assert moved_to_zone(moved_to_zone(whole, away, since), home, since) == whole


def test_going_far_east_a_window_waits_for_the_one_before_and_may_have_no_time_left():
    long = replace(DIARY, window=Window(Duration(), Duration(days=1)))
    before = [
        Planned("diary", number, window)
        for number, window in plan_windows(long, START, "America/Los_Angeles").items()
    ]
    moved = moved_to_zone(before, "Asia/Tokyo", date(2027, 3, 22))
    assert moved[1].window.opens_at == before[0].window.closes_at
    assert moved[1].window.closes_at - moved[1].window.opens_at == timedelta(hours=8)
