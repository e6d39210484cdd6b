"""What counts as an answer, and how it is stored."""

from __future__ import annotations

import pytest

from longwave.domain.instrument import Item, Option
from longwave.domain.items import check_value, written

NUMBER = Item("n", "number", {"en": "How many?"})
AGE = Item("age", "number", {"en": "How old?"}, minimum=16, maximum=100)
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
