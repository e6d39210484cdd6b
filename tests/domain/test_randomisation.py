"""Permuted blocks: balanced, unforeseeable, and the same whenever they are replayed."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from longwave.domain.randomisation import SealedSettings, allocation_list, arm_at, make_settings

seeds = st.binary(min_size=32, max_size=32)
ratios = st.dictionaries(
    st.sampled_from(["active", "waitlist", "control"]), st.integers(1, 3), min_size=2
)


@given(seeds, ratios, st.integers(0, 200))
def test_arms_never_drift_apart_by_more_than_the_largest_block_allows(seed, ratio, length):
    settings = make_settings(seed, ratio)
    given_arms = Counter(islice(allocation_list(settings, "stratum"), length))
    most = max(settings.block_sizes)
    total = sum(ratio.values())
    for arm, weight in ratio.items():
        assert abs(given_arms[arm] - length * weight / total) <= most * weight / total


@given(seeds, st.integers(0, 60))
def test_a_position_has_the_arm_that_the_list_has_there(seed, position):
    settings = make_settings(seed, {"active": 1, "waitlist": 1})
    listed = list(islice(allocation_list(settings, "a"), position + 1))
    assert arm_at(settings, "a", position) == listed[-1]


def test_strata_have_lists_of_their_own():
    settings = make_settings(bytes(32), {"active": 1, "waitlist": 1})
    one = list(islice(allocation_list(settings, "site=a"), 40))
    other = list(islice(allocation_list(settings, "site=b"), 40))
    assert one != other


def test_every_order_of_a_block_is_equally_likely():
    orders: Counter[tuple[str, ...]] = Counter()
    for number in range(6000):
        seed = hashlib.sha256(number.to_bytes(4, "big")).digest()
        settings = SealedSettings(seed, (4,), {"active": 1, "waitlist": 1})
        orders[tuple(islice(allocation_list(settings, "all"), 4))] += 1
    assert len(orders) == 6
    assert chisquare(list(orders.values())).pvalue > 0.001


def test_the_block_sizes_are_drawn_from_the_seed():
    ratio = {"active": 2, "waitlist": 1}
    sets = {
        make_settings(hashlib.sha256(bytes([number])).digest(), ratio).block_sizes
        for number in range(100)
    }
    assert len(sets) == 10
    assert all(size % 3 == 0 and size <= 12 for sizes in sets for size in sizes)


def test_both_block_sizes_occur_equally_often():
    sizes: Counter[bool] = Counter()
    for number in range(2000):
        seed = hashlib.sha256(b"size" + number.to_bytes(4, "big")).digest()
        settings = SealedSettings(seed, (4, 6), {"active": 1, "waitlist": 1})
        first_four = Counter(islice(allocation_list(settings, "all"), 4))
        sizes[first_four["active"] == 2] += 1
    # Blocks of 4 are always balanced after 4; blocks of 6 are in 3/5 of all cases.
    assert sizes[True] / 2000 == pytest.approx(0.5 + 0.5 * 0.6, abs=0.04)


@given(seeds, ratios)
def test_settings_survive_being_stored_and_keep_their_commitment(seed, ratio):
    settings = make_settings(seed, ratio)
    again = SealedSettings.from_json(settings.to_json())
    assert again.commitment() == settings.commitment()
    assert list(islice(allocation_list(again, "x"), 20)) == list(
        islice(allocation_list(settings, "x"), 20)
    )


def test_the_commitment_changes_with_the_seed():
    ratio = {"active": 1, "waitlist": 1}
    assert (
        make_settings(bytes(32), ratio).commitment()
        != make_settings(bytes(31) + b"\x01", ratio).commitment()
    )
