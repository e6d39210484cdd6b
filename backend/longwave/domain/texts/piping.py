"""Earlier answers in the text of an item: ``{{ ward }}``, ``{{ demographics.profession }}``.

Between the braces stands the name of an item and nothing else (decision 0009). What is filled in
is plain text; whoever makes a page of it escapes the whole, as with any other text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import chosen
from longwave.domain.texts.flaws import Flaw
from longwave.domain.texts.template import gaps, stray_braces, template

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")


def variables_in(text: str) -> tuple[str, ...]:
    """Return the names of the items whose answers a text repeats, in their order."""
    names = (gap.name for gap in gaps(text, _NAME))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def flaws_of_gaps(text: str) -> list[Flaw]:
    """Return what stands between double braces, or beside them, and is no name of an item."""
    found = [
        Flaw(
            gap.line,
            f"Between double braces stands {gap.written[:60]!r}, not the name of an item.",
            "Write {{ item }} or {{ instrument.item }}. Nothing is computed there.",
        )
        for gap in gaps(text, _NAME)
        if gap.name is None
    ]
    return found + [
        Flaw(line, f"{sign!r} belongs to no item.", "Write {{ item }}, on one line.")
        for sign, line in stray_braces(text)
    ]


def filled_text(
    instrument: Instrument, item: Item, language: str, said_before: Mapping[str, str]
) -> str:
    """Return the text of an item for one reader, as plain text.

    Parameters
    ----------
    said_before
        Answers in words, by the names under which this instrument's texts know them. Where one
        is missing, the wording's fallback stands.
    """
    text = _in(item.text, language)
    names = variables_in(text)
    if not names:
        return text
    fallbacks = instrument.fallbacks.get(language) or next(iter(instrument.fallbacks.values()), {})
    return template(text).fill(
        {name: said_before.get(name) or fallbacks.get(name, "") for name in names}
    )


def in_words(
    item: Item,
    stored: str,
    other: str | None,
    language: str,
    *,
    day: Callable[[date], str] = str,
) -> str:
    """Return an answer as people say it: the label of what was chosen, the text, the number.

    Parameters
    ----------
    stored, other
        The answer as it is stored, and what was written beside its option.
    day
        How a date is written.
    """
    if item.kind == "date":
        return day(date.fromisoformat(stored))
    if not item.options:
        return stored
    labels = {option.value: _in(option.label, language) for option in item.options}
    if other and item.other is not None:
        labels[item.other] = other
    values = chosen(stored) if item.kind == "choices" else (stored,)
    return ", ".join(labels.get(value, value) for value in values)


def _in(text: Mapping[str, str], language: str) -> str:
    return text.get(language) or next(iter(text.values()), "")
