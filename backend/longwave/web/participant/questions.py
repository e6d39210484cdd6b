"""Questions as pages show them: in one language, with what was answered and what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longwave.domain.instrument import Instrument, Item
from longwave.domain.items import REFUSED, Complaint
from longwave.domain.protocol.model import Protocol
from longwave.i18n import Translator, translator
from longwave.storage.assessment import GivenAnswer


@dataclass(frozen=True, slots=True)
class Question:
    """One item in one language. ``hint`` says what a number may be."""

    id: str
    is_number: bool
    text: str
    options: tuple[tuple[str, str], ...]
    hint: str
    required: bool


def instrument_questions(
    protocol: Protocol, instrument: Instrument, language: str
) -> tuple[Question, ...]:
    """Return an instrument's items as questions in a language."""
    return _questions(protocol, instrument.id, instrument.items, language)


def eligibility_questions(protocol: Protocol, language: str) -> tuple[Question, ...]:
    """Return the screening items as questions in a language."""
    return _questions(protocol, "", protocol.eligibility.items, language)


_prepared: dict[tuple[str, str, str], tuple[Question, ...]] = {}


def _questions(
    protocol: Protocol, instrument_id: str, items: tuple[Item, ...], language: str
) -> tuple[Question, ...]:
    """Return questions; prepared once per process, since a protocol's content has one hash."""
    key = (protocol.hash, instrument_id, language)
    if key not in _prepared:
        say = translator(language)
        _prepared[key] = tuple(_question(item, say) for item in items)
    return _prepared[key]


def given_answers(
    answers: Mapping[tuple[str, str], GivenAnswer], instrument_id: str
) -> dict[str, str]:
    """Return what a form shows as answered before, by item."""
    return {
        item: answer.value if answer.value is not None else _REASONS.get(answer.missing_reason, "")
        for (instrument, item), answer in answers.items()
        if instrument == instrument_id
    }


def complaints(faults: Mapping[str, str], say: Translator) -> dict[str, str]:
    """Return what is wrong with answers, by item, in the reader's language."""
    return {
        name: text.said(say, say.day) if isinstance(text, Complaint) else say(text)
        for name, text in faults.items()
    }


_REASONS: Mapping[str | None, str] = {"refused": REFUSED}


def _question(item: Item, say: Translator) -> Question:
    is_number = item.kind == "number"
    return Question(
        id=item.id,
        is_number=is_number,
        text=say.pick(item.text),
        options=tuple((option.value, say.pick(option.label)) for option in item.options),
        hint=_range(item, say) if is_number else "",
        required=item.required,
    )


def _range(item: Item, say: Translator) -> str:
    low, high = item.minimum, item.maximum
    if low is not None and high is not None:
        text = say("Please type a number from {low} to {high}.")
        return text.format(low=f"{low:g}", high=f"{high:g}")
    return say("Please type a number.")
