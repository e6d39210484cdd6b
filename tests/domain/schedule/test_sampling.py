"""Random times: every admissible set of them, each equally often, from the same bits the same."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import drawn_times


def admissible(count: int, last: int, apart: int) -> set[tuple[int, ...]]:
    """All sets of times that keep their distance, the slow and obvious way."""
    return {
        times
        for times in combinations(range(last + 1), count)
        if all(b - a >= apart for a, b in pairwise(times))
    }


@pytest.mark.parametrize(
    ("count", "last", "apart"), [(1, 5, 3), (2, 6, 2), (3, 8, 3), (4, 9, 2), (3, 6, 3), (2, 4, 1)]
)
def test_each_admissible_set_comes_from_equally_many_draws(count, last, apart):
    """All that the source of numbers can give is tried, so that this is exact."""
    places = last + 1 - (count - 1) * (apart - 1)
    bounds = [range(place + 1) for place in range(places - count, places)]
    found = Counter()
    for numbers in product(*bounds):
        source = iter(numbers)
        found[drawn_times(count, last, apart, lambda bound, source=source: next(source))] += 1
    assert set(found) == admissible(count, last, apart)
    assert len(set(found.values())) == 1


def test_from_a_seed_they_are_uniform_too():
    below = Draws(b"s" * 32, "times").below
    sets = sorted(admissible(3, 8, 3))
    found = Counter(drawn_times(3, 8, 3, below) for _ in range(200 * len(sets)))
    assert chisquare([found[times] for times in sets]).pvalue > 0.001


def test_a_day_of_one_prompt_is_uniform_over_the_day():
    below = Draws(b"t" * 32, "times").below
    minutes = [drawn_times(1, 719, 90, below)[0] for _ in range(4000)]
    assert kstest([(minute + 0.5) / 720 for minute in minutes], "uniform").pvalue > 0.001


@given(data=st.data(), count=st.integers(1, 24), apart=st.integers(1, 120))
def test_they_keep_their_distance_and_stay_within(data, count, apart):
    last = (count - 1) * apart + data.draw(st.integers(0, 600))
    times = drawn_times(count, last, apart, lambda bound: data.draw(st.integers(0, bound - 1)))
    assert len(times) == count
    assert times[0] >= 0
    assert times[-1] <= last
    assert all(b - a >= apart for a, b in pairwise(times))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        drawn_times(3, 100, 51, lambda _bound: 0)


def test_times_from_a_known_seed_stay_what_they_are():
    """A running study draws these again after an update; they must not change."""
    times = drawn_times(5, 720, 90, Draws(bytes(32), "sampling").below)
    assert times == (67, 187, 294, 548, 693)
