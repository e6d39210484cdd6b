"""Minimisation: the arm that leaves the factors best balanced, with a biased coin.

Pocock SJ, Simon R (1975), doi:10.2307/2529712.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm

from longwave.domain.randomisation.draws import WORDS, Draws
from longwave.domain.randomisation.settings import SealedSettings
from longwave.domain.randomisation.strata import Levels

Earlier = Iterable[tuple[Levels, str, int]]
"""Those allocated before: levels, arm, and how many had these."""


class Balance:
    """How many of each level of each factor are in each arm.

    All is reckoned in whole numbers (weights as the decimals they are written as, counts
    divided by the arm's share of the ratio), so that a tie is a tie in any language.
    """

    def __init__(self, settings: SealedSettings, earlier: Earlier = ()) -> None:
        self._settings = settings
        self._arms = sorted(settings.ratio)
        whole = lcm(*settings.ratio.values())
        self._unit = {arm: whole // settings.ratio[arm] for arm in self._arms}
        self._weights = _whole_numbers(settings)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        for levels, arm, number in earlier:
            self.add(levels, arm, number)

    def add(self, levels: Levels, arm: str, number: int = 1) -> None:
        """Count allocations to an arm."""
        for factor in self._weights:
            self._counts[factor, levels[factor], arm] += number

    def imbalance(self, levels: Levels) -> dict[str, int]:
        """Return for each arm the weighted imbalance that allocating to it would leave.

        The measure is the range or the variance over arms of count / share, summed over the
        levels of the newcomer by weight, on a scale that is the same for all arms.
        """
        found = dict.fromkeys(self._arms, 0)
        for factor, weight in self._weights.items():
            counts = [
                self._counts[factor, levels[factor], arm] * self._unit[arm] for arm in self._arms
            ]
            for place, arm in enumerate(self._arms):
                counts[place] += self._unit[arm]
                found[arm] += weight * _spread(counts, self._settings.imbalance)
                counts[place] -= self._unit[arm]
        return found

    def choose(self, list_name: str, position: int, levels: Levels) -> str:
        """Return the arm of the newcomer at a position (from 0).

        If all arms would leave the same imbalance, one is drawn as likely as its share.
        Otherwise one of those that leave the least is drawn with the probability of the
        settings, or else one of the others, again by share. The draws come from the stream
        ``list``, line feed, position; the coin is its first word.
        """
        draws = Draws(self._settings.seed, f"{list_name}\n{position}")
        imbalance = self.imbalance(levels)
        least = min(imbalance.values())
        best = [arm for arm in self._arms if imbalance[arm] == least]
        if len(best) < len(self._arms) and draws.word() >= self._settings.probability * WORDS:
            best = [arm for arm in self._arms if arm not in best]
        return draws.share({arm: self._settings.ratio[arm] for arm in best})


def _whole_numbers(settings: SealedSettings) -> dict[str, int]:
    exact = {factor: Fraction(str(weight)) for factor, weight in settings.weights.items()}
    whole = lcm(*(weight.denominator for weight in exact.values()))
    return {factor: int(weight * whole) for factor, weight in exact.items()}


def _spread(counts: Sequence[int], measure: str) -> int:
    if measure == "range":
        return max(counts) - min(counts)
    return len(counts) * sum(count * count for count in counts) - sum(counts) ** 2
