"""When waves open and close: local time, repeated waves, random times, days of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.protocol.model import Repeat, Sampling, Wave, Window
from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import plan_window, plan_windows, wall_clock

ZONES = (
    "Europe/Istanbul",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",  # the clocks skip midnight
)
ANCHORS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def wave(target="P4W", before="P0D", after="P10D", at="09:00", anchor="randomisation", **repeated):
    return Wave(
        id="w1",
        order=1,
        label={"en": "Wave"},
        anchor=anchor,
        target=Duration.parse(target),
        window=Window(Duration.parse(before), Duration.parse(after)),
        at=at,
        instruments=(),
        **repeated,
    )


def repeat(every, times):
    return Repeat(Duration.parse(every), times)


def sampling(days=7, per_day=5, between=("09:00", "21:00"), apart="PT90M", expires="PT30M"):
    return Sampling(days, per_day, between, Duration.parse(apart), Duration.parse(expires))


def draws(seed=1):
    return Draws(bytes([seed] * 32), "a wave").below


def test_nine_in_the_morning_stays_nine_after_the_clocks_change():
    anchor = datetime(2026, 3, 20, 12, tzinfo=UTC)
    planned = plan_window(wave(), anchor, "Europe/Berlin")
    assert planned.due_wall == datetime(2026, 4, 17, 9)
    assert planned.due_at == datetime(2026, 4, 17, 7, tzinfo=UTC)


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


# --- repeated waves --------------------------------------------------------------------------


def test_a_weekly_diary_comes_at_the_same_local_time_each_week():
    diary = wave("P1W", "P0D", "P2D", "18:00", repeat=repeat("P1W", 12))
    planned = plan_windows(diary, datetime(2026, 3, 2, 12, tzinfo=UTC), "Europe/Berlin")
    assert list(planned) == list(range(1, 13))
    walls = [window.due_wall for window in planned.values()]
    assert walls == [datetime(2026, 3, 9, 18) + timedelta(weeks=n) for n in range(12)]
    assert [planned[n].due_at.hour for n in (3, 4)] == [17, 16]  # summer time begins


def test_months_are_counted_from_the_first_so_that_their_ends_do_not_drift():
    monthly = wave("P0D", "P0D", "P1M", "09:00", repeat=repeat("P1M", 4))
    planned = plan_windows(monthly, datetime(2028, 1, 31, 7, tzinfo=UTC), "Europe/Berlin")
    due = [window.due_wall.date().isoformat() for window in planned.values()]
    assert due == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
    assert planned[1].closes_at == planned[2].opens_at


def test_a_leap_day_comes_back_as_the_last_of_february():
    yearly = wave("P0D", "P0D", "P2W", "09:00", repeat=repeat("P1Y", 5))
    planned = plan_windows(yearly, datetime(2028, 2, 29, 7, tzinfo=UTC), "Europe/Berlin")
    due = [window.due_wall.date().isoformat() for window in planned.values()]
    assert due == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


@given(
    anchor=ANCHORS,
    zone=st.sampled_from(ZONES),
    every=st.sampled_from(["P1D", "P1W", "P1M", "PT12H"]),
    at=st.sampled_from([None, "00:00", "02:30", "09:00"]),
)
def test_windows_of_a_repeated_wave_are_in_order_and_never_overlap(anchor, zone, every, at):
    often = wave("P1D", "P0D", every, at, repeat=repeat(every, 40))
    windows = list(plan_windows(often, anchor, zone).values())
    assert len(windows) == 40
    for before, after in pairwise(windows):
        assert before.opens_at <= before.due_at
        assert before.opens_at < before.closes_at <= after.opens_at
        assert before.due_wall < after.due_wall
    for window in windows:
        skipped = wall_clock(window.due_at, zone) - window.due_wall
        assert skipped in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))


# --- days of the calendar --------------------------------------------------------------------


def test_a_day_of_the_calendar_is_that_of_the_participants_own_zone():
    march = wave("P0D", "P0D", "P7D", "09:00", "2027-03-01")
    enrolled = datetime(2027, 1, 10, tzinfo=UTC)
    opens = {
        zone: plan_windows(march, enrolled, zone)[1].opens_at
        for zone in ("Europe/Istanbul", "America/New_York")
    }
    assert opens["Europe/Istanbul"] == datetime(2027, 3, 1, 6, tzinfo=UTC)
    assert opens["America/New_York"] == datetime(2027, 3, 1, 14, tzinfo=UTC)


def test_a_midnight_that_the_clocks_skip_moves_no_wave_to_another_time_of_day():
    planned = plan_windows(
        wave("P1D", "P0D", "P7D", None, "2027-03-28"),
        datetime(2027, 1, 10, tzinfo=UTC),
        "Asia/Beirut",
    )
    assert planned[1].due_wall == datetime(2027, 3, 29)


def test_who_comes_while_the_window_is_open_gets_the_rest_of_it():
    march = wave("P0D", "P3D", "P7D", "09:00", "2027-03-01")
    late = datetime(2027, 3, 5, 12, tzinfo=UTC)
    (window,) = plan_windows(march, late, "UTC").values()
    assert (window.opens_at, window.closes_at) == (late, datetime(2027, 3, 8, 9, tzinfo=UTC))


@pytest.mark.parametrize("late", ["2027-03-08T09:00", "2028-01-01T00:00"])
def test_who_comes_when_it_has_closed_never_has_the_wave(late):
    march = wave("P0D", "P3D", "P7D", "09:00", "2027-03-01")
    entered = datetime.fromisoformat(late).replace(tzinfo=UTC)
    assert plan_windows(march, entered, "UTC") == {}


def test_who_comes_late_to_a_diary_has_what_is_left_under_its_own_numbers():
    diary = wave("P0D", "P0D", "P2D", "09:00", "2027-03-01", repeat=repeat("P1W", 4))
    planned = plan_windows(diary, datetime(2027, 3, 16, tzinfo=UTC), "UTC")
    assert list(planned) == [3, 4]
    assert planned[3].opens_at == datetime(2027, 3, 16, tzinfo=UTC)


# --- random times ----------------------------------------------------------------------------


@given(anchor=ANCHORS, zone=st.sampled_from(ZONES), seed=st.integers(0, 255))
def test_prompts_come_within_the_day_apart_and_close_in_time(anchor, zone, seed):
    planned = plan_windows(wave("P1D", at=None, sampling=sampling()), anchor, zone, draws(seed))
    assert list(planned) == list(range(1, 36))
    first = wall_clock(anchor, zone).date() + timedelta(days=1)
    for number, window in planned.items():
        assert window.due_wall.date() == first + timedelta(days=(number - 1) // 5)
        assert "09:00" <= window.due_wall.strftime("%H:%M") <= "21:00"
        assert window.opens_at == window.due_at
        assert window.closes_at - window.opens_at == timedelta(minutes=30)
    opens = [window.opens_at for window in planned.values()]
    assert all(b - a >= timedelta(minutes=90) for a, b in pairwise(opens))


@given(seed=st.integers(0, 255), zone=st.sampled_from(ZONES), day=st.integers(0, 366))
def test_the_distance_holds_in_the_night_in_which_the_clocks_change(seed, zone, day):
    night = wave(
        "P1D",
        at=None,
        sampling=sampling(3, 4, ("00:00", "06:00"), "PT45M", "PT45M"),
    )
    anchor = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=day)
    windows = list(plan_windows(night, anchor, zone, draws(seed)).values())
    for before, after in pairwise(windows):
        assert after.opens_at - before.opens_at >= timedelta(minutes=45)
        assert before.closes_at <= after.opens_at


def test_the_same_bits_give_the_same_times_and_others_give_others():
    sampled = wave("P1D", at=None, sampling=sampling())
    anchor = datetime(2027, 1, 1, tzinfo=UTC)
    first, again, other = (plan_windows(sampled, anchor, "UTC", draws(n)) for n in (1, 1, 2))
    assert first == again
    assert first != other


def test_in_another_zone_the_same_bits_give_the_same_local_times():
    sampled = wave("P1D", at=None, sampling=sampling())
    anchor = datetime(2027, 1, 1, 12, tzinfo=UTC)
    here, there = (
        [window.due_wall for window in plan_windows(sampled, anchor, zone, draws()).values()]
        for zone in ("Europe/Istanbul", "Europe/London")
    )
    assert here == there


def test_times_that_are_drawn_need_something_to_draw_from():
    with pytest.raises(ValueError, match="give what to draw from"):
        plan_windows(wave("P1D", sampling=sampling()), datetime(2027, 1, 1, tzinfo=UTC), "UTC")
