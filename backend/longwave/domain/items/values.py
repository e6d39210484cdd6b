"""Whether something typed or chosen is an answer to a question."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from longwave.domain.instrument import Item, ItemKind
from longwave.domain.items.complaint import AnswerError, Complaint

REFUSED = "prefer-not-to-answer"
"""What a form sends when the participant prefers not to answer."""

AGREED = "1"
"""The value of a statement that was agreed to."""

LONGEST_OTHER = 500
"""How many characters can be written beside an option."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,10})?")
_AMBIGUOUS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_ROUNDING = 1e-9


def without_value(given: str) -> bool:
    """Whether a form's value says that there is no answer."""
    return given in ("", REFUSED)


def together(values: Iterable[str]) -> str:
    """Return the values that were chosen of a `choices` item as the one text that is sent."""
    return " ".join(values)


def chosen(stored: str) -> tuple[str, ...]:
    """Return what was chosen of a `choices` item, one value each."""
    return tuple(stored.split(" "))


def other_field(item: str) -> str:
    """Return the name of the form's field for what is written beside an option of an item."""
    return f"{item}__other"


def check_value(item: Item, given: str) -> str | float:
    """Return the value of an answer: a number for numbers and sliders, else a text.

    Raises
    ------
    AnswerError
        Saying, to the participant, what would be an answer.
    """
    return _CHECKS[item.kind](item, given)


def check_other(item: Item, value: str | float, written_beside: str) -> str | None:
    """Return what was written beside the option that a value chose; None if nothing was.

    It is passed over where another option was chosen.

    Raises
    ------
    AnswerError
        If it is too long, or no text.
    """
    beside = item.other is not None and item.other in chosen(str(value))
    return _plain_text(written_beside, LONGEST_OTHER) or None if beside else None


def written(value: str | float) -> str:
    """Return a value as it is stored: numbers in full, without a needless point."""
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _one(item: Item, given: str) -> str:
    if given not in {option.value for option in item.options}:
        raise AnswerError(Complaint("Please choose one of the answers."))
    return given


def _several(item: Item, given: str) -> str:
    picked = set(given.split())
    known = [option.value for option in item.options]
    if not picked or not picked <= set(known):
        raise AnswerError(Complaint("Please choose among the answers."))
    alone = {option.value for option in item.options if option.exclusive}
    if len(picked) > 1 and picked & alone:
        raise AnswerError(
            Complaint("One of the answers that you chose cannot be combined with others.")
        )
    return together(value for value in known if value in picked)


def _number(item: Item, given: str) -> float:
    if _NUMBER.fullmatch(given) is None:
        raise AnswerError(Complaint("Please type a number."))
    if _AMBIGUOUS.fullmatch(given):
        raise AnswerError(Complaint("Please type the number without a comma."))
    value = float(given.replace(",", "."))
    low, high = item.minimum, item.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise AnswerError(out_of_range(item))
    if item.step is not None and not _is_on_step(value, item.minimum or 0.0, item.step):
        raise AnswerError(_off_step(item.step))
    return value + 0.0  # never -0


def out_of_range(item: Item) -> Complaint:
    """Return the sentence that says which numbers an item takes."""
    low, high = item.minimum, item.maximum
    if low is not None and high is not None:
        return Complaint(
            "Please type a number from {low} to {high}.", low=written(low), high=written(high)
        )
    if low is not None:
        return Complaint("Please type a number of at least {low}.", low=written(low))
    if high is not None:
        return Complaint("Please type a number of at most {high}.", high=written(high))
    return Complaint("Please type a number.")


def _is_on_step(value: float, start: float, step: float) -> bool:
    steps = (value - start) / step
    return math.isclose(steps, round(steps), rel_tol=0.0, abs_tol=_ROUNDING * max(1.0, abs(steps)))


def _off_step(step: float) -> Complaint:
    if step == 1:
        return Complaint("Please type a whole number.")
    return Complaint("Please type a number in steps of {step}.", step=written(step))


def _text(item: Item, given: str) -> str:
    found = _plain_text(given, item.max_length)
    if not found:
        raise AnswerError(Complaint("Please write something."))
    return found


def _plain_text(given: str, most: int) -> str:
    """Return a text as it is stored: composed, lines ended alike, without outer spaces."""
    text = unicodedata.normalize("NFC", given.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise AnswerError(Complaint("The text holds signs that cannot be stored."))
    if len(text) > most:
        raise AnswerError(
            Complaint("Please write at most {most} characters.", most=str(most)),
        )
    return text


def _date(item: Item, given: str) -> str:
    try:
        if not _DATE.fullmatch(given):
            raise ValueError
        date.fromisoformat(given)
    except ValueError:
        raise AnswerError(Complaint("Please give a day that there is.")) from None
    if (item.earliest and given < item.earliest) or (item.latest and given > item.latest):
        raise AnswerError(_out_of_span(item))
    return given


def _time(item: Item, given: str) -> str:
    if not _TIME.fullmatch(given):
        raise AnswerError(Complaint("Please give a time such as 09:30."))
    if (item.earliest and given < item.earliest) or (item.latest and given > item.latest):
        raise AnswerError(_out_of_span(item))
    return given


def _out_of_span(item: Item) -> Complaint:
    first, last = (_bound(item, text) for text in (item.earliest, item.latest))
    if first is not None and last is not None:
        return Complaint("Please give one from {first} to {last}.", first=first, last=last)
    if first is not None:
        return Complaint("Please give none before {first}.", first=first)
    return Complaint("Please give none after {last}.", last=last or "")


def _bound(item: Item, text: str | None) -> str | date | None:
    return date.fromisoformat(text) if text and item.kind == "date" else text


def _agreement(_: Item, given: str) -> str:
    if given != AGREED:
        raise AnswerError(Complaint("Please tick the statement, or leave it."))
    return given


def _nothing(_: Item, __: str) -> str:
    raise AnswerError(Complaint("There is nothing to answer here."))


_CHECKS: Mapping[ItemKind, Callable[[Item, str], str | float]] = {
    "likert": _one,
    "choice": _one,
    "choices": _several,
    "number": _number,
    "slider": _number,
    "text": _text,
    "date": _date,
    "time": _time,
    "consent": _agreement,
    "information": _nothing,
}
