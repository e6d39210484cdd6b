"""Questionnaires: items, response options, scoring keys; their wording is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ItemKind = Literal["likert", "choice", "number"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen. ``value`` is what is stored and exported."""

    value: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Likert and choice items have ``options``; number items have ``minimum``, ``maximum``
    and perhaps a ``unit``. ``text`` maps language codes to what is asked.
    """

    id: str
    kind: ItemKind
    text: Mapping[str, str]
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A score: the mean or the sum of its items, some of them reversed first.

    ``parts`` names scales that stand earlier and are scored in place of items (a mean of
    subscale means); all of them must have a value. ``reversed`` names items, or parts.
    ``minimum_answered`` is the share of items that must be answered, in (0, 1].
    """

    id: str
    label: Mapping[str, str]
    method: Literal["mean", "sum"]
    items: tuple[str, ...]
    reversed: frozenset[str]
    parts: tuple[str, ...]
    minimum_answered: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire in all the languages that its wordings cover.

    ``placeholder`` holds the languages in which the wording stands for construct and
    direction only; a live study cannot open on those. ``minimum`` and ``maximum`` bound the
    answers to Likert items. ``verified`` says which of its facts were checked at ``source``,
    ``missing_rule`` where the rule about missing items comes from.
    """

    id: str
    version: str
    title: Mapping[str, str]
    instruction: Mapping[str, str]
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    minimum: float
    maximum: float
    minutes: float
    doi: str | None
    licence: str
    placeholder: frozenset[str]
    source: str = ""
    verified: Mapping[str, bool] = field(default_factory=dict)
    missing_rule: str = "platform convention"
    recall: str = ""
    notes: tuple[str, ...] = ()

    def item(self, item_id: str) -> Item:
        """Return the item called ``item_id``."""
        return next(item for item in self.items if item.id == item_id)
