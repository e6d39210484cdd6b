"""What counts as an answer, and how it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from longwave.domain.instrument import Item, Option
from longwave.domain.items import (
    AnswerError,
    Complaint,
    check_other,
    check_value,
    chosen,
    together,
    written,
)

NUMBER = Item("n", "number", {"en": "How many?"})
AGE = Item("age", "number", {"en": "How old?"}, minimum=16, maximum=100)
CARS = Item("cars", "number", {}, minimum=0, step=1)
HALVES = Item("h", "number", {}, minimum=0.25, maximum=9, step=0.5)
TIRED = Item("tired", "slider", {}, minimum=0, maximum=100, step=5)
WARD = Item("ward", "text", {}, max_length=20)
BORN = Item("born", "date", {}, earliest="1930-01-01", latest="2010-12-31")
SLEPT = Item("slept", "time", {}, earliest="18:00")
AGREE = Item("agree", "consent", {})
INTRO = Item("intro", "information", {})
WHY = Item(
    "why",
    "choices",
    {},
    options=(
        *(Option(name, {}) for name in ("pay", "team", "other")),
        Option("none", {}, exclusive=True),
    ),
    other="other",
)
CHOICE = Item("c", "choice", {"en": "Which?"}, options=(Option("a", {"en": "A"}),))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("7", "7"),
        ("7.0", "7"),
        ("7,5", "7.5"),
        ("-3", "-3"),
        ("1234567", "1234567"),
        ("123456.7", "123456.7"),
        ("0.1", "0.1"),
        ("999999999999999", "999999999999999"),
    ],
)
def test_a_number_is_stored_as_it_was_meant(given, stored):
    assert written(check_value(NUMBER, given)) == stored


@pytest.mark.parametrize(
    "given", ["", "seven", "inf", "nan", "1e400", "1_0", "1,234", "1.2.3", "12345678901234567", "٣"]
)
def test_what_is_no_plain_number_is_refused(given):
    with pytest.raises(ValueError, match="Please type"):
        check_value(NUMBER, given)


@pytest.mark.parametrize("given", ["15", "101", "-20"])
def test_a_number_out_of_range_is_refused_with_the_range(given):
    with pytest.raises(ValueError, match="from 16 to 100"):
        check_value(AGE, given)


def test_only_offered_answers_can_be_chosen():
    assert check_value(CHOICE, "a") == "a"
    with pytest.raises(ValueError, match="choose"):
        check_value(CHOICE, "b")


def complaint(item: Item, given: str) -> Complaint:
    with pytest.raises(AnswerError) as caught:
        check_value(item, given)
    return caught.value.complaint


@pytest.mark.parametrize(
    ("item", "given", "stored"),
    [
        (CARS, "3,0", "3"),
        (CARS, "-0", "0"),
        (HALVES, "0.75", "0.75"),
        (HALVES, "8.75", "8.75"),
        (TIRED, "100", "100"),
        (TIRED, "45.0", "45"),
        (WARD, "  Station 4\r\n ", "Station 4"),
        (WARD, "<b>4</b>'; DROP", "<b>4</b>'; DROP"),
        (WARD, "e\u0301", "\u00e9"),
        (WARD, "\u0642\u0633\u0645 4", "\u0642\u0633\u0645 4"),
        (BORN, "1930-01-01", "1930-01-01"),
        (BORN, "2004-02-29", "2004-02-29"),
        (SLEPT, "23:59", "23:59"),
        (AGREE, "1", "1"),
        (WHY, "none", "none"),
        (WHY, "team pay team", "pay team"),
    ],
)
def test_an_answer_of_every_kind_is_stored_as_it_was_meant(item, given, stored):
    assert written(check_value(item, given)) == stored


@pytest.mark.parametrize(
    ("item", "given", "why"),
    [
        (CARS, "2.5", "whole number"),
        (CARS, "-1", "at least 0"),
        (CARS, "many", "type a number"),
        (HALVES, "1", "steps of 0.5"),
        (TIRED, "101", "from 0 to 100"),
        (TIRED, "7", "steps of 5"),
        (TIRED, "NaN", "type a number"),
        (TIRED, "Infinity", "type a number"),
        (WARD, "x" * 21, "at most 20 characters"),
        (WARD, "x" * 1_000_000, "at most 20 characters"),
        (WARD, "a\x00b", "cannot be stored"),
        (WARD, "a\ud800b", "cannot be stored"),
        (WARD, " \n ", "write something"),
        (BORN, "2003-02-29", "a day that there is"),
        (BORN, "01.02.2003", "a day that there is"),
        (BORN, "20030201", "a day that there is"),
        (BORN, "1929-12-31", "from 1930-01-01 to 2010-12-31"),
        (SLEPT, "25:00", "such as 09:30"),
        (SLEPT, "17:59", "before 18:00"),
        (AGREE, "yes", "tick the statement"),
        (AGREE, "0", "tick the statement"),
        (INTRO, "1", "nothing to answer"),
        (WHY, "money", "among the answers"),
        (WHY, "pay money", "among the answers"),
        (WHY, "pay none", "cannot be combined"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(item, given, why):
    assert why in complaint(item, given)


def test_a_complaint_is_said_in_other_words_with_its_numbers_and_days():
    turkish = {told.template: "En az {low}!" for told in [complaint(CARS, "-1")]}
    assert complaint(CARS, "-1").said(turkish.__getitem__) == "En az 0!"
    told = complaint(BORN, "1929-12-31")
    assert told.said(lambda text: text, lambda day: f"{day:%d/%m/%y}").endswith(
        "01/01/30 to 31/12/10."
    )


def test_what_is_written_counts_beside_its_option_alone():
    assert check_other(WHY, "pay other", " calm ") == "calm"
    assert check_other(WHY, "pay", "calm") is None
    assert check_other(WHY, "other", "  ") is None
    assert check_other(CHOICE, "a", "calm") is None
    with pytest.raises(AnswerError, match="at most 500"):
        check_other(WHY, "other", "x" * 501)


@drawn(st.lists(st.sampled_from(["pay", "team", "other"]), min_size=1, unique=True))
def test_what_was_chosen_together_comes_apart_again(picked):
    stored = check_value(WHY, together(picked))
    assert set(chosen(str(stored))) == set(picked)


@drawn(st.text(max_size=40))
def test_any_text_is_stored_whole_or_refused(given):
    try:
        stored = str(check_value(WARD, given))
    except AnswerError:
        return
    assert stored == stored.strip()
    assert 0 < len(stored) <= 20
    assert check_value(WARD, stored) == stored
    stored.encode()


@drawn(st.text(max_size=12))
def test_no_text_makes_an_unexpected_failure(given):
    for item in (CARS, TIRED, BORN, SLEPT, AGREE, INTRO, WHY, CHOICE):
        try:
            check_value(item, given)
        except AnswerError as error:
            assert str(error)
