"""Whether something typed or chosen is an answer to a question."""

from __future__ import annotations

from longwave.domain.instrument import Item

REFUSED = "prefer-not-to-answer"
"""What a form sends when the participant prefers not to answer."""


def without_value(given: str) -> bool:
    """Whether a form's value says that there is no answer."""
    return given in ("", REFUSED)


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


def _number(item: Item, given: str) -> float:
    try:
        value = float(given.replace(",", "."))
    except ValueError:
        raise ValueError("Please type a number.") from None
    low = float("-inf") if item.minimum is None else item.minimum
    high = float("inf") if item.maximum is None else item.maximum
    if not low <= value <= high:
        raise ValueError(f"Please type a number from {low:g} to {high:g}.")
    return value
