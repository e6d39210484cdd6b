"""Items in an order that chance decides: complete, repeatable, and evenly drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from factories.questions import instruments
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.ordering import drawn_order, in_order
from longwave.domain.randomisation.draws import Draws

TRAITS = instruments()["traits"]
IDS = [item.id for item in TRAITS.items]


def draw(seed: bytes, kept: int = 1) -> tuple[str, ...]:
    return drawn_order(replace(TRAITS, keep_first=kept), Draws(seed, "traits").below)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 6))
def test_an_order_holds_every_item_once_and_keeps_the_first(seed, kept):
    order = draw(seed, kept)
    assert sorted(order) == sorted(IDS)
    assert list(order[:kept]) == IDS[:kept]
    assert draw(seed, kept) == order
    assert [item.id for item in in_order(TRAITS, order)] == list(order)


def test_every_order_comes_about_equally_often():
    three = replace(TRAITS, items=TRAITS.items[:4])
    counts = Counter(
        drawn_order(three, Draws(number.to_bytes(32, "big"), "t").below) for number in range(3000)
    )
    assert len(counts) == 6
    # Chi-square on 5 degrees of freedom exceeds 20.5 once in a thousand.
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 20.5


@pytest.mark.parametrize("order", [None, (), []])
def test_without_a_record_the_order_is_the_instrument_s(order):
    assert in_order(TRAITS, order) == TRAITS.items


def test_a_record_of_other_items_loses_none():
    found = [item.id for item in in_order(TRAITS, ["t6", "gone", "t2"])]
    assert found == ["t6", "t2", "t1", "t3", "t4", "t5"]
