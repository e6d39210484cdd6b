"""Scores: reversal, missing items, parts and counts, and the same for one and for many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories.library import library
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Instrument, Item, Scale
from longwave.domain.scoring import Score, possible_range, score, score_array


def scale(name: str, items: str, method: str = "mean", **more: object) -> Scale:
    names = tuple(f"q{digit}" for digit in items)
    plain = Scale(name, {}, "mean", names, frozenset(), (), 0.8)
    return replace(plain, method=method, **more)  # type: ignore[arg-type]


def instrument(*scales: Scale, items: int = 5) -> Instrument:
    return Instrument(
        id="made_up",
        version="1",
        title={},
        instruction={},
        items=tuple(
            Item(f"q{number}", "likert", {}, minimum=1, maximum=5) for number in range(1, items + 1)
        ),
        scales=scales,
        minimum=1,
        maximum=5,
        minutes=1,
        doi=None,
        licence="",
        placeholder=frozenset(),
    )


def answers(digits: str) -> dict[str, float | None]:
    """Answers by item from digits; a dot is a missing one."""
    return {f"q{i}": None if digit == "." else float(digit) for i, digit in enumerate(digits, 1)}


def values(found: tuple[Score, ...]) -> dict[str, float | None]:
    return {one.scale: one.value for one in found}


def test_a_reversed_item_is_mirrored_within_the_response_scale() -> None:
    found = score(instrument(scale("s", "12", reversed=frozenset({"q2"}))), answers("11..."))
    assert values(found) == {"s": 3.0}


@pytest.mark.parametrize(
    ("digits", "mean", "total", "answered"),
    [
        ("12345", 3.0, 15.0, 5),
        ("1234.", 2.5, 12.5, 4),
        ("123..", None, None, 3),
        (".....", None, None, 0),
    ],
)
def test_missing_items(digits: str, mean: float | None, total: float | None, answered: int) -> None:
    found = score(instrument(scale("m", "12345"), scale("t", "12345", "sum")), answers(digits))
    reason = None if mean is not None else "too_few_items"
    assert found == (Score("m", mean, answered, reason), Score("t", total, answered, reason))


@pytest.mark.parametrize(("share", "needed"), [(0.6, 3), (0.55, 3), (0.01, 1), (1.0, 5), (0.2, 1)])
def test_the_share_that_must_be_answered_is_the_scales_own(share: float, needed: int) -> None:
    one = instrument(scale("s", "12345", minimum_answered=share))
    for answered in range(6):
        (found,) = score(one, answers("3" * answered + "." * (5 - answered)))
        assert (found.value is not None) == (answered >= needed)


def test_seven_of_ten_are_seventy_per_cent() -> None:
    one = instrument(items=10)
    tenth = Scale("s", {}, "mean", tuple(i.id for i in one.items), frozenset(), (), 0.7)
    (found,) = score(replace(one, scales=(tenth,)), answers("3333333..."))
    assert found.value == 3.0


def test_a_scale_of_parts_is_the_mean_of_scales_not_of_items() -> None:
    parts = scale("whole", "", parts=("a", "b"), reversed=frozenset({"b"}))
    found = score(instrument(scale("a", "123"), scale("b", "45"), parts), answers("12345"))
    assert values(found) == {"a": 2.0, "b": 4.5, "whole": 1.75}
    assert found[2].items_answered == 5


def test_a_count_takes_the_answers_that_are_named_after_reversal() -> None:
    count = scale("c", "1234", "count", reversed=frozenset({"q1"}), counted=frozenset({4, 5}))
    assert values(score(instrument(count), answers("1453."))) == {"c": 3.0}
    assert values(score(instrument(count), answers("5123."))) == {"c": 0.0}


def test_a_count_with_missing_items_is_prorated_as_a_sum_is() -> None:
    count = scale("c", "12345", "count", counted=frozenset({5}))
    assert values(score(instrument(count), answers("55.11"))) == {"c": 2.5}
    assert values(score(instrument(count), answers("55..1"))) == {"c": None}


def test_the_multiplier_comes_last_and_nothing_is_rounded() -> None:
    mean = scale("m", "123", multiplier=25)
    parts = scale("p", "", "sum", parts=("m",), multiplier=0.5)
    found = values(score(instrument(mean, parts), answers("445..")))
    assert found == {"m": 25 * (13 / 3), "p": 0.5 * 25 * (13 / 3)}


def test_numbers_are_scored_as_typed_within_their_own_bounds() -> None:
    hours = Item("q1", "number", {}, minimum=0, maximum=168)
    free = Item("q2", "number", {})
    one = replace(instrument(scale("h", "1"), scale("f", "2")), items=(hours, free))
    assert values(score(one, {"q1": 60.5, "q2": -1e6})) == {"h": 60.5, "f": -1e6}
    with pytest.raises(InvalidInputError, match="169 to item q1 of made_up lies outside 0 to 168"):
        score(one, {"q1": 169.0})


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (scale("s", "123"), (1, 5)),
        (scale("s", "123", "sum"), (3, 15)),
        (scale("s", "123", "sum", multiplier=4), (12, 60)),
        (scale("s", "123", "count", counted=frozenset({5})), (0, 3)),
    ],
)
def test_what_a_scale_can_be(one: Scale, expected: tuple[float, float]) -> None:
    whole = scale("whole", "", "sum", parts=("s", "s"))
    both = instrument(one, whole)
    assert possible_range(both, one) == expected
    assert possible_range(both, whole) == (2 * expected[0], 2 * expected[1])


def test_a_scale_of_parts_needs_all_of_them() -> None:
    parts = scale("whole", "", parts=("a", "b"))
    found = score(instrument(scale("a", "123"), scale("b", "45"), parts), answers("1234."))
    assert found[2] == Score("whole", None, 4, "too_few_items")


@pytest.mark.parametrize("value", [0.0, 6.0, float("inf")])
def test_an_answer_outside_the_response_scale_is_refused(value: float) -> None:
    with pytest.raises(InvalidInputError, match="item q2 of made_up lies outside 1 to 5"):
        score(instrument(scale("s", "12")), {"q1": 1.0, "q2": value})


def test_a_table_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="5 columns"):
        score_array(instrument(scale("s", "12")), np.ones((3, 4)))


rows = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, float("nan")]), min_size=12, max_size=12),
    min_size=1,
    max_size=6,
)


@given(table=rows, name=st.sampled_from(["scs_sf", "bat_12"]))
def test_many_are_scored_as_one_by_one(table: list[list[float]], name: str) -> None:
    one = library()[name]
    many = score_array(one, np.array(table))
    assert set(many) == {each.id for each in one.scales}
    for place, row in enumerate(table):
        for found in score(one, {item.id: row[i] for i, item in enumerate(one.items)}):
            expected = _by_hand(one, found.scale, row)
            assert (found.value is None) == bool(np.isnan(many[found.scale][place]))
            if found.value is None:
                assert expected is None
            else:
                assert found.value == many[found.scale][place] == pytest.approx(expected)


def _by_hand(one: Instrument, name: str, row: list[float]) -> float | None:
    """Score a mean the slow way."""
    key = next(each for each in one.scales if each.id == name)
    given_ = {
        item.id: value for item, value in zip(one.items, row, strict=True) if not np.isnan(value)
    }
    taken = [6 - given_[i] if i in key.reversed else given_[i] for i in key.items if i in given_]
    return sum(taken) / len(taken) if len(taken) / len(key.items) >= 0.8 else None
