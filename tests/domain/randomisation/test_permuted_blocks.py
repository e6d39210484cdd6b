"""Permuted blocks: balanced, unforeseeable, and the same whenever they are replayed."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from factories.randomising import TWO, plan, seed
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from longwave.domain.randomisation import SealedSettings, allocation_list, arm_at, make_settings
from longwave.domain.randomisation.permuted_blocks import blocks

TRIALS = 10_000
LENGTH = 24
THREE = {"control": 1, "digital": 1, "group": 2}

seeds = st.binary(min_size=32, max_size=32)
ratios = st.dictionaries(
    st.sampled_from(["active", "waitlist", "control"]), st.integers(1, 3), min_size=2
)


def in_blocks(number: int, sizes: tuple[int, ...], ratio=TWO) -> SealedSettings:
    return SealedSettings("permuted_blocks", seed(number), ratio, block_sizes=sizes)


def trials(sizes: tuple[int, ...], ratio=TWO, name: str = "all") -> np.ndarray:
    """Return the arms of 10,000 trials, one row each."""
    return np.array(
        [
            list(islice(allocation_list(in_blocks(number, sizes, ratio), name), LENGTH))
            for number in range(TRIALS)
        ]
    )


@pytest.mark.parametrize(
    ("number", "ratio", "sizes", "digest", "commitment"),
    [
        (
            *(1, {"active": 1, "waitlist": 1}, (4, 8)),
            "fa09015327a42510e2f463dbc6cffa57b04e83ccbe37b7bc90dfd9f4fd07a60c",
            "ede446ea5a32d465a5a2d51b0960c8d2041f728efc8fc94f92349a1d43f2c361",
        ),
        (
            *(2, {"active": 2, "waitlist": 1}, (3, 12)),
            "9564bb9a1a096fbe7efca7117fc11da623ace8d06eabec1b95bc7c63eaed825c",
            "0d763b346490ba37377ec93c10790e1d341532770a98ccd3fec58ff251b641b0",
        ),
        (
            *(3, {"a": 1, "b": 1, "c": 2}, (4, 12, 16)),
            "e6b9ae881901ae247c5fa75f939b91bc9f42b283141f45a6044b889a183ab149",
            "c5b784b2aa749e3a377fe0b5e36e8287bb905a6293218f76c200f016582c63e7",
        ),
    ],
)
def test_lists_and_commitments_stay_those_of_the_first_version(
    number, ratio, sizes, digest, commitment
):
    settings = make_settings(plan(ratio=ratio), hashlib.sha256(bytes([number])).digest())
    arms = islice(allocation_list(settings, "profession=nurse|site=ankara"), 1000)
    assert settings.block_sizes == sizes
    assert hashlib.sha256(",".join(arms).encode()).hexdigest() == digest
    assert settings.commitment() == commitment


@given(seeds, ratios, st.integers(0, 200))
def test_arms_never_drift_apart_by_more_than_the_largest_block_allows(seed, ratio, length):
    settings = make_settings(plan(ratio=ratio), seed)
    given_arms = Counter(islice(allocation_list(settings, "stratum"), length))
    most = max(settings.block_sizes)
    total = sum(ratio.values())
    for arm, weight in ratio.items():
        assert abs(given_arms[arm] - length * weight / total) <= most * weight / total


@given(seeds, ratios)
def test_every_prefix_is_whole_blocks_and_the_beginning_of_one(seed, ratio):
    settings = make_settings(plan(ratio=ratio), seed)
    arms = list(islice(allocation_list(settings, "stratum"), 60))
    total = sum(ratio.values())

    def balanced(part: list[str]) -> bool:
        return all(part.count(arm) * total == len(part) * ratio[arm] for arm in ratio)

    ends = {0}
    for end in range(1, len(arms) + 1):
        starts = [end - size for size in settings.block_sizes if end - size in ends]
        if any(balanced(arms[start:end]) for start in starts):
            ends.add(end)
        within = max(ends)
        assert end - within < max(settings.block_sizes)


@given(seeds, st.integers(0, 60))
def test_a_position_has_the_arm_that_the_list_has_there(seed, position):
    settings = make_settings(plan(), seed)
    listed = list(islice(allocation_list(settings, "a"), position + 1))
    assert arm_at(settings, "a", position) == listed[-1]


@pytest.mark.parametrize(("sizes", "ratio"), [((4,), TWO), ((8,), THREE)])
def test_every_block_of_ten_thousand_trials_holds_the_ratio(sizes, ratio):
    (size,) = sizes
    arms = trials(sizes, ratio).reshape(-1, size)
    total = sum(ratio.values())
    for arm, share in ratio.items():
        counts = (arms == arm).sum(axis=1)
        assert (counts == size * share // total).all()


def test_the_imbalance_within_blocks_never_exceeds_half_of_the_largest():
    running = np.cumsum(np.where(trials((2, 4, 6)) == "active", 1, -1), axis=1)
    assert np.abs(running).max() == 3


@pytest.mark.parametrize(("sizes", "ratio"), [((4, 6), TWO), ((4, 8), THREE)])
def test_every_position_has_every_arm_as_often_as_its_share(sizes, ratio):
    arms = trials(sizes, ratio)
    shares = np.array([ratio[arm] for arm in sorted(ratio)]) / sum(ratio.values())
    for position in range(LENGTH):
        counts = [np.count_nonzero(arms[:, position] == arm) for arm in sorted(ratio)]
        assert chisquare(counts, TRIALS * shares).pvalue > 0.001 / LENGTH


def test_the_lists_of_two_strata_have_nothing_to_do_with_each_other():
    one, other = trials((4, 6), name="site=a"), trials((4, 6), name="site=b")
    for position in range(LENGTH):
        table = [
            [np.sum((one[:, position] == a) & (other[:, position] == b)) for a in TWO] for b in TWO
        ]
        assert chi2_contingency(table).pvalue > 0.001 / LENGTH


def test_every_order_of_a_block_is_equally_likely():
    orders = Counter(
        tuple(next(blocks(in_blocks(number, (4,)), "all"))) for number in range(TRIALS)
    )
    assert len(orders) == 6
    assert chisquare(list(orders.values())).pvalue > 0.001


def test_neither_the_block_before_nor_its_first_arm_tells_a_blocks_size():
    firsts: Counter[tuple[int, str]] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    sizes = (2, 4, 6)
    for number in range(TRIALS):
        one, other = islice(blocks(in_blocks(number, sizes), "all"), 2)
        firsts[len(other), other[0]] += 1
        pairs[len(one), len(other)] += 1
    assert chisquare([pairs[a, b] for a in sizes for b in sizes]).pvalue > 0.001
    assert chisquare([firsts[size, arm] for size in sizes for arm in TWO]).pvalue > 0.001


def test_guessing_from_what_came_before_succeeds_no_more_often_than_it_must():
    # The best guess without knowing where blocks end: the arm that is behind, or either.
    def right_guesses(arms: np.ndarray) -> np.ndarray:
        signs = np.where(arms == "active", 1, -1)
        before = np.cumsum(signs, axis=1) - signs
        return np.where(before == 0, 0.5, (before * signs < 0).astype(float)).mean(axis=1)

    chance = random.Random(1)

    def by_other_means() -> list[str]:
        arms: list[str] = []
        while len(arms) < LENGTH:
            block = [*TWO] * (chance.choice((4, 6)) // 2)
            chance.shuffle(block)
            arms.extend(block)
        return arms[:LENGTH]

    ours = right_guesses(trials((4, 6)))
    others = right_guesses(np.array([by_other_means() for _ in range(TRIALS)]))
    error = np.sqrt((ours.var() + others.var()) / TRIALS)
    assert abs(ours.mean() - others.mean()) < 3.3 * error


def test_the_block_sizes_are_drawn_from_the_seed():
    chosen = plan(ratio={"active": 2, "waitlist": 1})
    sets = {make_settings(chosen, seed(number)).block_sizes for number in range(100)}
    assert len(sets) == 10
    assert all(size % 3 == 0 and size <= 12 for sizes in sets for size in sizes)
