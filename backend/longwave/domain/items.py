"""Whether something typed or chosen is an answer to a question."""

from __future__ import annotations

import re

from longwave.domain.instrument import Item

REFUSED = "prefer-not-to-answer"
"""What a form sends when the participant prefers not to answer."""


def without_value(given: str) -> bool:
    """Whether a form's value says that there is no answer."""
    return given in ("", REFUSED)


_NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,10})?")
_AMBIGUOUS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")


def check_value(item: Item, given: str) -> str | float:
    """Return the value of an answer: a number for number items, else the option's code.

    Raises
    ------
    ValueError
        Saying, to the participant, what would be an answer.
    """
    if item.kind == "number":
        return _number(item, given)
    if given not in {option.value for option in item.options}:
        raise ValueError("Please choose one of the answers.")
    return given


def written(value: str | float) -> str:
    """Return a value as it is stored: numbers in full, without a needless point."""
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _number(item: Item, given: str) -> float:
    if _NUMBER.fullmatch(given) is None:
        raise ValueError("Please type a number.")
    if _AMBIGUOUS.fullmatch(given):
        raise ValueError("Please type the number without a comma.")
    value = float(given.replace(",", "."))
    low = float("-inf") if item.minimum is None else item.minimum
    high = float("inf") if item.maximum is None else item.maximum
    if not low <= value <= high:
        raise ValueError(f"Please type a number from {low:g} to {high:g}.")
    return value
