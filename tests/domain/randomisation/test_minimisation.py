"""Minimisation: as a slow and obvious reference does it, balanced, and with the coin as biased."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from factories.randomising import TWO, minimising
from scipy.stats import binomtest, chisquare

from longwave.domain.randomisation import SealedSettings, next_arm, replay
from longwave.domain.randomisation.minimisation import Balance

STREAMS = 2000
TRIALS = 10_000
LENGTH = 24
LEVELS = {"sex": ("f", "m"), "site": ("a", "b", "c"), "age": ("young", "old")}


# --- the reference: the method as it is described, from all that came before, in fractions -------


def words(settings: SealedSettings, name: str):
    for counter in range(100):
        block = hmac.new(settings.seed, f"{name}\n{counter}".encode(), hashlib.sha256).digest()
        yield from (int.from_bytes(block[i : i + 4], "big") for i in range(0, 32, 4))


def reference(settings: SealedSettings, name: str, newcomer, earlier) -> str:
    """Return the newcomer's arm, given everybody before as pairs of levels and arm."""
    arms = sorted(settings.ratio)
    left = {}
    for candidate in arms:
        total = Fraction(0)
        for factor, weight in settings.weights.items():
            per_arm = []
            for arm in arms:
                alike = [
                    1
                    for levels, given in earlier
                    if given == arm and levels[factor] == newcomer[factor]
                ]
                number = len(alike) + (1 if arm == candidate else 0)
                per_arm.append(Fraction(number, settings.ratio[arm]))
            if settings.imbalance == "range":
                spread = max(per_arm) - min(per_arm)
            else:
                mean = sum(per_arm) / len(per_arm)
                spread = sum((value - mean) ** 2 for value in per_arm)
            total += Fraction(repr(weight)) * spread
        left[candidate] = total
    best = [arm for arm in arms if left[arm] == min(left.values())]
    stream = words(settings, f"{name}\n{len(earlier)}")
    if best != arms and next(stream) / 2**32 >= settings.probability:
        best = [arm for arm in arms if arm not in best]
    tickets = [arm for arm in best for _ in range(settings.ratio[arm])]
    usable = 2**32 - 2**32 % len(tickets)
    return tickets[next(word for word in stream if word < usable) % len(tickets)]


def somebody(chance: random.Random) -> dict[str, str]:
    return {factor: chance.choice(levels) for factor, levels in LEVELS.items()}


def test_every_allocation_is_that_of_the_reference():
    chance = random.Random(7)
    for number in range(STREAMS):
        arms = chance.sample(["control", "digital", "group"], chance.choice((2, 3)))
        factors = chance.sample(sorted(LEVELS), chance.choice((1, 2, 3)))
        settings = minimising(
            number,
            {arm: chance.choice((1, 1, 2, 3)) for arm in arms},
            factors,
            weights={factor: chance.choice((1, 0.1, 2.5)) for factor in factors},
            probability=chance.choice((0.6, 0.8, 0.95, 1)),
            imbalance=chance.choice(("range", "variance")),
        )
        following = replay(settings, "all")
        earlier = []
        for _ in range(chance.choice((4, 8, 14))):
            newcomer = somebody(chance)
            expected = reference(settings, "all", newcomer, earlier)
            assert following(newcomer) == expected
            earlier.append((newcomer, expected))


def test_one_allocation_is_that_of_the_replay():
    chance = random.Random(3)
    settings = minimising(3)
    following = replay(settings, "all")
    earlier = []
    for position in range(30):
        newcomer = somebody(chance)
        arm = next_arm(settings, "all", position, newcomer, [(*pair, 1) for pair in earlier])
        assert arm == following(newcomer)
        earlier.append((newcomer, arm))


# --- balance and chance --------------------------------------------------------------------------


def test_ten_thousand_trials_are_balanced_within_every_level():
    chance = random.Random(11)
    differences, preferred, coins, ties = [], 0, 0, Counter()
    for number in range(TRIALS):
        settings = minimising(number)
        balance = Balance(settings)
        counts = Counter()
        for position in range(LENGTH):
            newcomer = somebody(chance)
            left = balance.imbalance(newcomer)
            arm = balance.choose("all", position, newcomer)
            balance.add(newcomer, arm)
            counts[newcomer["sex"], arm] += 1
            if left["active"] == left["waitlist"]:
                ties[arm] += 1
            else:
                coins += 1
                preferred += left[arm] == min(left.values())
        differences.append(abs(counts["f", "active"] - counts["f", "waitlist"]))
    # A fair coin for each of about twelve women would leave them 2.8 apart.
    assert np.mean(differences) < 1.5
    assert binomtest(preferred, coins, 0.8).pvalue > 0.001
    assert chisquare([ties[arm] for arm in TWO]).pvalue > 0.001


@pytest.mark.parametrize("imbalance", ["range", "variance"])
def test_unequal_ratios_are_approached_as_a_trial_grows(imbalance):
    ratio = {"control": 1, "digital": 1, "group": 3}
    chance = random.Random(5)
    arms: Counter[str] = Counter()
    for number in range(100):
        following = replay(minimising(number, ratio, imbalance=imbalance), "all")
        arms.update(following(somebody(chance)) for _ in range(240))
    for arm, share in ratio.items():
        assert arms[arm] / arms.total() == pytest.approx(share / 5, abs=0.01)


def test_the_first_of_an_equal_ratio_is_drawn_evenly():
    newcomer = {"sex": "f", "site": "a"}
    first = Counter(replay(minimising(number), "all")(newcomer) for number in range(TRIALS))
    assert chisquare([first[arm] for arm in TWO]).pvalue > 0.001


def test_a_sure_coin_always_takes_the_arm_that_balances():
    settings = minimising(1, probability=1)
    balance = Balance(settings, [({"sex": "f", "site": "a"}, "active", 1)])
    arms = {balance.choose("all", n, {"sex": "f", "site": "a"}) for n in range(50)}
    assert arms == {"waitlist"}


def test_a_heavier_factor_decides():
    earlier = [({"sex": "f", "site": "b"}, "active", 1), ({"sex": "m", "site": "a"}, "waitlist", 1)]
    newcomer = {"sex": "f", "site": "a"}
    for heavy, arm in (("sex", "waitlist"), ("site", "active")):
        settings = minimising(1, weights={heavy: 2.0}, probability=1)
        assert Balance(settings, earlier).choose("all", 2, newcomer) == arm


def test_weights_are_decimals_so_that_ties_are_exact():
    # 0.1 + 0.2 is not 0.3 in binary; as decimals the two sides balance and chance decides.
    settings = minimising(
        1, TWO, ("a", "b", "c"), weights={"a": 0.1, "b": 0.2, "c": 0.3}, probability=1
    )
    earlier = [
        ({"a": "x", "b": "x", "c": "y"}, "active", 1),
        ({"a": "y", "b": "y", "c": "x"}, "waitlist", 1),
    ]
    balance = Balance(settings, earlier)
    newcomer = {"a": "x", "b": "x", "c": "x"}
    assert len(set(balance.imbalance(newcomer).values())) == 1
    assert {balance.choose("all", n, newcomer) for n in range(50)} == set(TWO)
