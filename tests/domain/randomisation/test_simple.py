"""Simple randomisation: every allocation drawn by itself."""

from __future__ import annotations

import numpy as np
from factories.randomising import plan, seed
from scipy.stats import chi2_contingency, chisquare

from longwave.domain.randomisation import make_settings, next_arm

RATIO = {"control": 1, "digital": 1, "group": 2}
TRIALS = 10_000
LENGTH = 8


def trials(name: str = "all") -> np.ndarray:
    chosen = plan("simple", RATIO)
    return np.array(
        [
            [next_arm(settings, name, position, {}) for position in range(LENGTH)]
            for settings in (make_settings(chosen, seed(number)) for number in range(TRIALS))
        ]
    )


def table(one: np.ndarray, other: np.ndarray) -> list[list[int]]:
    return [[int(np.sum((one == a) & (other == b))) for a in RATIO] for b in RATIO]


def test_every_position_has_every_arm_as_often_as_its_share():
    arms = trials()
    for position in range(LENGTH):
        counts = [np.count_nonzero(arms[:, position] == arm) for arm in sorted(RATIO)]
        assert chisquare(counts, [TRIALS / 4, TRIALS / 4, TRIALS / 2]).pvalue > 0.001 / LENGTH


def test_an_allocation_tells_nothing_about_the_next():
    arms = trials()
    for position in range(LENGTH - 1):
        found = chi2_contingency(table(arms[:, position], arms[:, position + 1]))
        assert found.pvalue > 0.001 / LENGTH


def test_two_lists_have_nothing_to_do_with_each_other():
    one, other = trials("all"), trials("clusters")
    assert chi2_contingency(table(one[:, 0], other[:, 0])).pvalue > 0.001
