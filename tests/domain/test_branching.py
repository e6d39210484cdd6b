"""Which items are shown: by what is known, and never by what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.questions import ASKED, instruments
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.branching import known_at, visibility
from longwave.domain.instrument import Instrument

ALL = instruments()
ITEMS = [(name, item) for name in ASKED for item in ALL[name].items]


def settle(**answers):
    """Return answers by instrument and item, written ``instrument__item=...``."""
    return {tuple(name.split("__")): value for name, value in answers.items()}


def shown(settled, item, *, at_the_end=False):
    instrument, _, name = item.partition(".")
    return visibility(ALL, ASKED, settled, at_the_end=at_the_end)[instrument, name]


def test_what_has_no_rule_is_shown_always():
    assert shown({}, "about.role") is True
    assert shown({}, "evening.intro") is True


@pytest.mark.parametrize(("answer", "expected"), [("yes", True), ("no", False), (None, False)])
def test_a_rule_looks_at_the_answer_above(answer, expected):
    assert shown(settle(about__works_nights=answer), "about.nights") is expected


def test_as_long_as_it_hangs_on_an_open_item_it_is_undecided():
    assert shown({}, "about.nights") is None
    assert shown({}, "about.nights", at_the_end=True) is False


def test_what_is_hidden_has_no_value_whatever_was_answered_before():
    nights = settle(about__works_nights="yes", about__nights="9")
    assert shown(nights, "about.why") is True
    changed = nights | settle(about__works_nights="no")
    assert shown(changed, "about.nights") is False
    assert shown(changed, "about.why") is False
    assert shown(nights | settle(about__works_nights="yes"), "about.why") is True


@pytest.mark.parametrize(
    ("why", "expected"), [("pay", True), ("pay team", True), ("team", False), (None, False)]
)
def test_one_of_several_answers_of_another_instrument_is_found(why, expected):
    before = settle(about__works_nights="yes", about__nights="9", about__why=why)
    assert shown(before, "evening.pay_matters") is expected


def test_an_item_that_hangs_on_a_hidden_one_is_hidden():
    assert shown(settle(about__works_nights="no"), "evening.pay_matters") is False


def test_a_score_is_known_once_its_instrument_was_gone_through():
    high = {("traits", f"t{number}"): "4" for number in (1, 2, 3, 4)}
    assert shown(high, "evening.note") is None
    passed = high | {("traits", "t5"): None, ("traits", "t6"): None}
    assert shown(passed, "evening.note") is True
    few = {("traits", f"t{number}"): None for number in range(1, 7)}
    assert shown(few, "evening.note") is False
    assert shown({**few, **{("traits", "t1"): "5"}}, "evening.note") is False


def test_an_instrument_that_is_not_asked_leaves_its_rules_unknown():
    found = visibility(ALL, ["evening"], {})
    assert found["evening", "pay_matters"] is False
    assert found["evening", "note"] is False


def test_where_chance_orders_the_items_those_that_stay_first_are_known_alone():
    traits = ALL["traits"]
    assert [item.id for item in known_at(traits, 4)] == ["t1"]
    assert known_at(traits, 0) == ()
    fixed = replace(traits, item_order="fixed")
    assert [item.id for item in known_at(fixed, 3)] == ["t1", "t2", "t3"]


def answer_of(instrument: Instrument, name: str) -> st.SearchStrategy[str | None]:
    item = instrument.item(name)
    if item.options:
        return st.sampled_from([None, *(option.value for option in item.options)])
    return st.sampled_from([None, str(int(item.minimum or 0) + 1), "10"])


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        (name, item.id): answer_of(ALL[name], item.id)
        for name, item in ITEMS
        if item.kind in ("likert", "choice", "choices", "number", "slider")
    },
)


@given(ANSWERS)
def test_at_the_end_everything_is_decided_and_what_was_decided_before_stays(settled):
    before = visibility(ALL, ASKED, settled)
    after = visibility(ALL, ASKED, settled, at_the_end=True)
    assert set(after) == {(name, item.id) for name, item in ITEMS}
    assert None not in after.values()
    for place, decided in before.items():
        assert decided is None or decided == after[place]


@given(ANSWERS)
def test_answers_to_what_is_hidden_change_nothing(settled):
    found = visibility(ALL, ASKED, settled, at_the_end=True)
    seen = {place: value for place, value in settled.items() if found[place]}
    assert visibility(ALL, ASKED, seen, at_the_end=True) == found


@given(ANSWERS)
def test_what_is_shown_follows_from_the_items_above_alone(settled):
    found = visibility(ALL, ASKED, settled)
    places = [(name, item.id) for name, item in ITEMS]
    for number, place in enumerate(places):
        above = {known: settled[known] for known in places[:number] if known in settled}
        assert visibility(ALL, ASKED, above)[place] == found[place]
