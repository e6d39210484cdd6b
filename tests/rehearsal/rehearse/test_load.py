"""Counts of messages summed up."""

from __future__ import annotations

import pytest

from longwave.rehearsal.rehearse.load import Spread


@pytest.mark.parametrize(
    ("counts", "spread"),
    [
        ([], Spread(0.0, 0, 0)),
        ([4], Spread(4.0, 4, 4)),
        # Of twenty the nineteenth is the 95th percentile, by nearest rank.
        ([*range(1, 21)], Spread(10.5, 19, 20)),
        ([0] * 99 + [7], Spread(0.07, 0, 7)),
    ],
)
def test_a_spread_has_mean_percentile_and_maximum(counts: list[int], spread: Spread) -> None:
    assert Spread.of(counts) == spread
