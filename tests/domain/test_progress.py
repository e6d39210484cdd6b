"""How much is left: no promise that branching breaks, and none about what is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.questions import ASKED, instruments
from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.branching import visibility
from longwave.domain.progress import minutes_of, progress

ALL = instruments()
SHEET = [ALL[name] for name in ASKED]


def at(settled, page="about"):
    return progress(SHEET, visibility(ALL, ASKED, settled), settled, page)


def test_the_minutes_of_an_instrument_are_shared_out_among_its_items():
    for one in SHEET:
        assert sum(minutes_of(one, item) for item in one.items) == pytest.approx(one.minutes)
    evening = ALL["evening"]
    assert minutes_of(evening, evening.item("note")) > minutes_of(evening, evening.item("tired"))


def test_what_still_hangs_on_an_open_answer_counts():
    found = at({})
    assert (found.page, found.pages, found.minutes_left) == (1, 3, 6)
    assert found.items_left == 5 + 6 + 8


def test_what_is_hidden_counts_no_more():
    found = at({("about", "works_nights"): "no"})
    assert found.items_left == 19 - 4


def test_a_page_without_items_is_no_page():
    only_nights = {"about": ALL["about"], "later": _later()}
    asked = ["about", "later"]
    settled = {("about", "role"): None, ("about", "ward"): None, ("about", "works_nights"): "no"}
    found = visibility(only_nights, asked, settled)
    assert progress(list(only_nights.values()), found, settled, "about").pages == 1


def _later():
    item = replace(ALL["evening"].item("pay_matters"), when="about.nights > 3")
    return replace(ALL["evening"], id="later", items=(item,))


@given(st.lists(st.sampled_from(["yes", "no", None]), min_size=1, max_size=1))
def test_when_all_is_answered_nothing_is_left(works):
    settled = {(one.id, item.id): None for one in SHEET for item in one.asked}
    settled["about", "works_nights"] = works[0]
    found = at(settled, "evening")
    assert (found.items_left, found.minutes_left) == (0, 0)
