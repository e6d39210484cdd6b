"""Places in a lane: so many a minute, however they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.messages.rate import Lane

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def places(lane, number, now=NOW):
    found = []
    for _ in range(number):
        found.append(lane.place(now))
        lane.give(now)
    return found


def test_a_few_may_go_at_once_and_the_rest_one_interval_after_another():
    found = places(Lane(60, NOW), 8)
    assert found[:5] == [NOW] * 5
    assert found[5:] == [NOW + timedelta(seconds=n) for n in (1, 2, 3)]


@pytest.mark.parametrize("per_minute", [1, 2, 3])
def test_a_slow_lane_never_lets_more_go_at_once_than_in_a_minute(per_minute):
    found = places(Lane(per_minute, NOW), 4)
    assert found.count(NOW) == per_minute


def test_what_was_not_used_is_not_saved_up():
    lane = Lane(60, NOW)
    places(lane, 10)
    later = NOW + 60 * MINUTE
    assert places(lane, 6, later)[:5] == [later] * 5


@given(
    st.integers(1, 200),
    st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=60),
)
def test_no_minute_holds_more_than_its_number_and_five(per_minute, gaps):
    """Whenever places are asked for: counted slowly, over every span of a minute."""
    lane, now, found = Lane(per_minute, NOW), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        found += places(lane, 1, now)
    for at in found:
        within = sum(1 for other in found if at <= other < at + MINUTE)
        assert within <= per_minute + min(4, per_minute - 1) + 1
