"""What a safety rule sees of an assessment that is still being answered."""

from __future__ import annotations

import pytest

from longwave.domain.instrument import Instrument, Item, Option, Scale
from longwave.domain.rules import compile_rule
from longwave.domain.safety import instruments_in, names_in, values_of, variables_of

ITEMS = ("q1", "q2", "q3", "q4", "q5")


def scale(name, items=ITEMS, parts=(), share=0.8):
    return Scale(name, {}, "mean", items, frozenset(), parts, share)


MOOD = Instrument(
    id="mood",
    version="1",
    title={},
    instruction={},
    items=(
        *(Item(name, "likert", {}, (Option("0", {}), Option("3", {}))) for name in ITEMS),
        Item("hours", "number", {}),
        Item("place", "choice", {}, (Option("ward", {}),)),
    ),
    scales=(
        scale("first", ("q1", "q2")),
        scale("rest", ("q3", "q4", "q5")),
        scale("total"),
        scale("parts", (), ("first", "rest")),
    ),
    minimum=0,
    maximum=3,
    minutes=1,
    doi=None,
    licence="made for tests",
    placeholder=frozenset(),
)


def values(given, *, at_the_end=False):
    settled = {("mood", name): value for name, value in given.items()}
    return values_of([MOOD], settled, at_the_end=at_the_end)


def test_an_answer_is_known_as_soon_as_it_is_given():
    assert values({"q1": "3", "hours": "61.5", "place": "ward"}) == {
        "mood.q1": 3.0,
        "mood.hours": 61.5,
        "mood.place": "ward",
    }


def test_a_score_waits_for_the_last_of_its_items():
    four = dict.fromkeys(ITEMS[:4], "3")
    assert "mood.total" not in values(four)
    assert values(four)["mood.first"] == 3.0
    assert values({**four, "q5": "0"})["mood.total"] == 2.4


def test_an_item_that_was_passed_over_is_dealt_with():
    given = {**dict.fromkeys(ITEMS[:4], "3"), "q5": None}
    assert values(given)["mood.total"] == 3.0
    assert "mood.q5" not in values(given)
    assert "mood.total" not in values({**given, "q4": None})  # too few are answered


def test_whoever_leaves_is_judged_by_what_there_is():
    four = dict.fromkeys(ITEMS[:4], "3")
    assert values(four, at_the_end=True)["mood.total"] == 3.0
    assert "mood.total" not in values(dict.fromkeys(ITEMS[:3], "3"), at_the_end=True)


def test_a_scale_of_scales_waits_for_the_items_of_each():
    assert "mood.parts" not in values(dict.fromkeys(ITEMS[:4], "3"))
    assert values(dict.fromkeys(ITEMS, "3"))["mood.parts"] == 3.0


@pytest.mark.parametrize(
    ("rule", "given", "outcome"),
    [
        ("mood.total >= 2", {"q1": "3"}, None),
        ("mood.total >= 2 || mood.q1 >= 3", {"q1": "3"}, True),
        ("mood.total >= 2 && mood.q1 >= 3", {"q1": "0"}, False),
        ("mood.q1 >= 3", {"q1": None}, None),
        ("mood.place == 'ward'", {"place": "ward"}, True),
    ],
)
def test_what_is_not_known_decides_nothing(rule, given, outcome):
    assert compile_rule(rule, variables_of([MOOD])).outcome(values(given)) is outcome


def test_names_are_found_outside_texts_and_calls():
    rule = "mood.place == 'a.b' && (mood.q1>=1.5||other.x < 3) // see c.d\n && 'e'.size() > 0"
    assert names_in(rule) == ("mood.place", "mood.q1", "other.x")
    assert instruments_in(rule) == ("mood", "other")
