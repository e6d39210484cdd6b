"""Questions as pages show them: in one language, with what was answered and what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from longwave.domain.instrument import Instrument, Item, ItemKind
from longwave.domain.items import (
    AGREED,
    LONGEST_OTHER,
    REFUSED,
    Complaint,
    other_field,
    written,
)
from longwave.domain.items.values import out_of_range
from longwave.domain.protocol.model import Protocol
from longwave.i18n import Translator, translator
from longwave.storage.assessment import GivenAnswer

_INPUTS: Mapping[ItemKind, str] = {"date": "date", "time": "time"}
_LONGEST_NUMBER = 27


@dataclass(frozen=True, slots=True)
class ShownOption:
    """One answer that can be chosen, in one language."""

    value: str
    label: str
    is_other: bool
    is_exclusive: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One item in one language.

    Attributes
    ----------
    hint
        Says what may be typed.
    other_field
        The name of the field for what is written beside an option.
    limits
        Attributes of a typed answer's field by which browsers help: names and values.
    low, high, step
        Of a slider, as its attributes.
    ends
        What a slider's ends are called.
    """

    id: str
    kind: ItemKind
    text: str
    options: tuple[ShownOption, ...] = ()
    hint: str = ""
    required: bool = False
    refusable: bool = False
    unit: str = ""
    other_field: str = ""
    is_long: bool = False
    limits: tuple[tuple[str, str], ...] = ()
    low: str = ""
    high: str = ""
    step: str = ""
    ends: tuple[str, str] = ("", "")

    @property
    def is_chosen(self) -> bool:
        """Whether the answer is one of several that are offered, or some of them."""
        return bool(self.options)

    @property
    def is_one_of(self) -> bool:
        """Whether exactly one answer is to be chosen."""
        return self.is_chosen and self.kind != "choices"

    @property
    def input_type(self) -> str:
        """What kind of field is typed into."""
        return _INPUTS.get(self.kind, "text")

    @property
    def agreement(self) -> str:
        """What a ticked statement sends."""
        return AGREED

    @property
    def refusal(self) -> str:
        """What is sent by whoever prefers not to answer."""
        return REFUSED

    @property
    def longest_other(self) -> int:
        """How much can be written beside an option."""
        return LONGEST_OTHER


def instrument_questions(
    protocol: Protocol, instrument: Instrument, language: str
) -> Mapping[str, Question]:
    """Return an instrument's items as questions in a language, by item."""
    found = _questions(protocol, instrument.id, instrument.items, language)
    return {question.id: question for question in found}


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
    """Return what a form shows as answered before, by field."""
    given: dict[str, str] = {}
    for (instrument, item), answer in answers.items():
        if instrument == instrument_id:
            given[item] = as_sent(answer)
            if answer.other:
                given[other_field(item)] = answer.other
    return given


def as_sent(answer: GivenAnswer) -> str:
    """Return an answer as a form sends it."""
    return answer.value if answer.value is not None else _REASONS.get(answer.missing_reason, "")


def complaints(faults: Mapping[str, str], say: Translator) -> dict[str, str]:
    """Return what is wrong with answers, by item, in the reader's language."""
    return {name: said(text, say) for name, text in faults.items()}


def said(text: str, say: Translator) -> str:
    """Return a complaint in the reader's language."""
    if not isinstance(text, Complaint):
        return say(text)
    return text.said(say, say.day)


_REASONS: Mapping[str | None, str] = {"refused": REFUSED}


def _question(item: Item, say: Translator) -> Question:
    return Question(
        id=item.id,
        kind=item.kind,
        text=say.pick(item.text),
        options=tuple(
            ShownOption(
                option.value, say.pick(option.label), option.value == item.other, option.exclusive
            )
            for option in item.options
        ),
        hint=_hint(item, say),
        required=item.required,
        refusable=item.refusable,
        unit=say.pick(item.units) or item.unit or "",
        other_field=other_field(item.id),
        is_long=item.is_long,
        limits=_limits(item),
        low=_plain(item.minimum),
        high=_plain(item.maximum),
        step=_plain(item.step),
        ends=item.ends.get(say.language) or next(iter(item.ends.values()), ("", "")),
    )


def _hint(item: Item, say: Translator) -> str:
    if item.kind in ("number", "slider"):
        return said(out_of_range(item), say)
    if item.kind == "choices":
        return say("You may tick several.")
    return _span(item, say) if item.kind in ("date", "time") else ""


def _span(item: Item, say: Translator) -> str:
    """Return between which days or times an answer lies."""
    first, last = (_bound(item, bound, say) for bound in (item.earliest, item.latest))
    if first and last:
        return say("From {first} to {last}.").format(first=first, last=last)
    if first:
        return say("Not before {first}.").format(first=first)
    return say("Not after {last}.").format(last=last) if last else ""


def _bound(item: Item, text: str | None, say: Translator) -> str:
    if text is None:
        return ""
    return say.day(date.fromisoformat(text)) if item.kind == "date" else text


def _limits(item: Item) -> tuple[tuple[str, str], ...]:
    if item.kind in ("number", "slider"):
        return (("inputmode", "decimal"), ("maxlength", str(_LONGEST_NUMBER)))
    if item.kind == "text":
        return (("maxlength", str(item.max_length)),)
    bounds = (("min", item.earliest), ("max", item.latest))
    return tuple((name, bound) for name, bound in bounds if bound)


def _plain(value: float | None) -> str:
    return "" if value is None else written(value)
