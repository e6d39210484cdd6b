"""How long a sender waits before it tries again."""

from __future__ import annotations

from datetime import timedelta

from longwave.domain.messages import MOST_ATTEMPTS, back_off


def test_waits_double_from_four_minutes_to_an_hour():
    waits = [back_off(attempts, 0) for attempts in range(1, 8)]
    assert waits == [timedelta(minutes=minutes) for minutes in (4, 8, 16, 32, 60, 60, 60)]


def test_chance_shortens_a_wait_by_a_quarter_at_most():
    for attempts in (1, 3, 40):
        whole = back_off(attempts, 0)
        assert back_off(attempts, 1) == whole * 0.75
        assert back_off(attempts, 0.5) == whole * 0.875


def test_a_server_that_is_down_for_a_day_costs_no_message():
    shortest = sum((back_off(n, 1) for n in range(1, MOST_ATTEMPTS)), timedelta())
    assert shortest > timedelta(days=1)
    assert sum((back_off(n, 0) for n in range(1, MOST_ATTEMPTS)), timedelta()) < timedelta(days=2)
