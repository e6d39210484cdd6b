"""Public ids catch the mistakes of people who read them out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longwave.domain.public_id import ALPHABET, SPACE, is_public_id, public_id

numbers = st.integers(0, SPACE - 1)


@given(numbers)
def test_every_number_has_an_id_that_is_recognised(number):
    assert is_public_id(public_id(number))


@given(numbers, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_noticed(number, place, wrong):
    right = public_id(number)
    typed = right[:place] + wrong + right[place + 1 :]
    assert is_public_id(typed) == (typed == right)


@given(numbers, numbers)
def test_different_numbers_have_different_ids(one, other):
    assert (public_id(one) == public_id(other)) == (one == other)


def test_other_texts_are_no_ids():
    for text in ("", "ABC", "abcdefg", "0000000", "ÄÖÜ2345"):
        assert not is_public_id(text)
