"""Earlier answers in the text of an item."""

from __future__ import annotations

import pytest
from factories.questions import instruments

from longwave.domain.texts.piping import filled_text, flaws_of_gaps, in_words, variables_in

ALL = instruments()
EVENING = ALL["evening"]


def fill(item: str, known: dict[str, str]) -> str:
    return filled_text(EVENING, EVENING.item(item), "en", known)


def test_an_answer_stands_where_its_name_stood():
    assert fill("tired", {"about.ward": "Ward 4"}) == "How tired were you on Ward 4?"


def test_without_an_answer_the_fallback_stands():
    assert fill("hours", {}) == "How long did it take, as a colleague?"


def test_a_text_without_gaps_is_as_it_was():
    assert fill("intro", {"about.ward": "Ward 4"}) == "Now some questions about yesterday."


@pytest.mark.parametrize("nasty", ["{{ about.role }}", "<script>", "{", "\\1", "%s {0}"])
def test_what_is_filled_in_is_never_read_again(nasty):
    assert (
        fill("tired", {"about.ward": nasty, "about.role": "x"}) == f"How tired were you on {nasty}?"
    )


@pytest.mark.parametrize(
    ("instrument", "item", "stored", "other", "said"),
    [
        ("about", "role", "nurse", None, "Nurse"),
        ("about", "role", "other", "Midwife", "Midwife"),
        ("about", "role", "other", None, "Something else"),
        ("about", "why", "pay other", "Calm", "The pay, Calm"),
        ("about", "ward", "Ward 4", None, "Ward 4"),
        ("about", "nights", "9", None, "9"),
        ("evening", "last_shift", "2026-03-01", None, "1/3"),
        ("evening", "slept_at", "22:30", None, "22:30"),
    ],
)
def test_an_answer_is_said_as_people_say_it(instrument, item, stored, other, said):
    found = ALL[instrument].item(item)
    assert in_words(found, stored, other, "en", day=lambda day: f"{day.day}/{day.month}") == said


@pytest.mark.parametrize(
    "text", ["{{ 1 + 1 }}", "{{ a.b.c }}", "{{ ward", "{% if ward %}", "{{ Ward }}", "{{}}"]
)
def test_what_is_no_name_is_found(text):
    assert flaws_of_gaps(text)


def test_names_are_found_once_each():
    assert variables_in("{{ b }} {{a.c}} {{ b }} { d }") == ("b", "a.c")
    assert flaws_of_gaps("{{ b }} {{a.c}} { d }") == []
