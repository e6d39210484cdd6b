"""When there is room for one more message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.duration import Duration
from longwave.domain.messages import room_at

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
WEEK = Duration.parse("P7D")
DAYS = timedelta(days=1)


def test_there_is_room_below_the_budget():
    assert room_at(3, WEEK, [], "UTC", NOW) == NOW
    assert room_at(3, WEEK, [NOW - 2 * DAYS, NOW - DAYS], "UTC", NOW) == NOW


def test_room_comes_when_the_oldest_of_a_full_budget_is_out_of_the_span():
    sent = [NOW - DAYS, NOW - 5 * DAYS, NOW - 3 * DAYS]
    assert room_at(3, WEEK, sent, "UTC", NOW) == NOW + 2 * DAYS


def test_what_is_out_of_the_span_counts_no_more():
    sent = [NOW - 7 * DAYS, NOW - 20 * DAYS, NOW - DAYS]
    assert room_at(2, WEEK, sent, "UTC", NOW) == NOW


def test_a_budget_that_was_made_smaller_waits_for_as_many_as_are_too_much():
    sent = [NOW - days * DAYS for days in (1, 2, 3, 4)]
    assert room_at(2, WEEK, sent, "UTC", NOW) == NOW + 5 * DAYS


def test_a_week_is_counted_on_the_persons_calendar():
    before_summer_time = datetime(2026, 3, 27, 8, tzinfo=UTC)
    assert room_at(
        1, WEEK, [before_summer_time], "Europe/Berlin", before_summer_time + DAYS
    ) == datetime(2026, 4, 3, 7, tzinfo=UTC)


@given(
    st.integers(1, 4),
    st.lists(st.integers(0, 60), min_size=1, max_size=30),
)
def test_no_span_ever_holds_more_than_the_budget(count, wanted):
    """Messages that each wait for room, against a slow count of every span."""
    sent = []
    now = NOW
    for hours in wanted:
        now = max(now, NOW + timedelta(hours=sum(wanted[: len(sent)]) + hours))
        now = room_at(count, WEEK, sent, "UTC", now)
        sent.append(now)
    assert all(later >= sooner for sooner, later in pairwise(sent))
    for at in sent:
        assert sum(1 for other in sent if at <= other < at + 7 * DAYS) <= count
