"""Batches that are as large as fits into the time for which others may be kept waiting."""

from __future__ import annotations

from longwave.jobs.pace import Pace, pace_for


def after(*took, hold=0.04, most=100):
    """Return the sizes of the batches that follow ones that took so many seconds."""
    pace, sizes = Pace(hold, 0, most), []
    for seconds in took:
        pace.adapt(seconds)
        sizes.append(pace.size)
    return sizes


def test_a_quick_batch_is_followed_by_one_twice_as_large_and_not_more():
    assert after(0.001, 0.001) == [8, 16]


def test_a_slow_batch_is_followed_by_one_that_fits():
    assert after(0.001, 0.001, 0.08) == [8, 16, 8]


def test_no_batch_is_smaller_than_is_worth_it_or_larger_than_is_allowed():
    assert after(10.0) == [4]
    assert after(*[0.0001] * 9, most=50)[-1] == 50


def test_a_batch_that_took_no_time_at_all():
    assert after(0.0) == [8]


def test_where_all_wait_for_one_writer_batches_are_shorter_and_followed_by_a_rest():
    alone, shared = pace_for(one_writer=True, most=100), pace_for(one_writer=False, most=100)
    assert alone.hold < shared.hold
    assert alone.rest > shared.rest == 0
