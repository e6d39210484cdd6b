"""Questionnaires: items, response options, scoring keys; their wording is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ItemKind = Literal[
    "likert",
    "choice",
    "choices",
    "number",
    "slider",
    "text",
    "date",
    "time",
    "information",
    "consent",
]
ItemOrder = Literal["fixed", "random"]
Method = Literal["mean", "sum", "count"]
Direction = Literal["rising", "falling"]
Sense = Literal["more", "less"]
TextTerms = Literal["bundled", "placeholder", "none"]
CommercialUse = Literal["free", "ask", "no"]
Use = Literal["free", "ask"]

SHORT_TEXT = 200
"""A text of up to so many characters is asked for on one line."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen. ``value`` is what is stored and exported.

    ``exclusive`` options of a `choices` item are chosen alone, such as "none of these".
    """

    value: str
    label: Mapping[str, str]
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question, or something to read or to agree to.

    Attributes
    ----------
    kind
        ``likert``, ``choice`` (one of ``options``), ``choices`` (several of them), ``number``,
        ``slider``, ``text``, ``date``, ``time``, ``information`` (which has no answer) or
        ``consent`` (a statement that is agreed to or not).
    text
        What is asked, by language; may hold gaps such as ``{{ ward }}``
        (`longwave.domain.texts.piping`).
    other
        The value of the option beside which something can be written, if there is one.
    minimum, maximum, step
        Bounds of a number or slider, and how far apart its values are, counted from the minimum
        (or 0). Sliders have all three.
    unit, units
        What a number counts: for all languages, or by language.
    ends
        What the two ends of a slider are called, by language.
    earliest, latest
        Bounds of a date, as ``YYYY-MM-DD``, or of a time, as ``HH:MM``; both included.
    max_length
        How many characters a text may have; see ``is_long``.
    required
        Whether it must be answered where it is shown.
    when
        Rule (CEL) by which it is shown; None where it always is.
    attention
        The answer by which one sees that somebody reads on, of an item that checks just that.
        Participants are never told.
    """

    id: str
    kind: ItemKind
    text: Mapping[str, str]
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    required: bool = False
    other: str | None = None
    step: float | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    earliest: str | None = None
    latest: str | None = None
    max_length: int = 0
    when: str | None = None
    attention: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether there is an answer to it."""
        return self.kind != "information"

    @property
    def is_long(self) -> bool:
        """Whether a text may take several lines."""
        return self.kind == "text" and self.max_length > SHORT_TEXT

    @property
    def refusable(self) -> bool:
        """Whether one may say that one prefers not to answer."""
        return self.is_asked and self.kind != "consent" and not self.required


@dataclass(frozen=True, slots=True)
class Scale:
    """A score: the mean or the sum of its items, or a count of certain answers to them.

    Items under ``reversed`` are reversed first; a count then takes those answers that are
    among ``counted``. The result is multiplied by ``multiplier``, and never rounded.
    ``parts`` names scales that stand earlier and are scored in place of items (a mean of
    subscale means); all of them must have a value. ``reversed`` names items, or parts.
    ``minimum_answered`` is the share of items that must be answered, in (0, 1].

    ``higher`` says whether a higher score means more or less of what the scale is named for,
    ``missing_rule`` where its rule about missing items comes from, if not from where the
    instrument's does. ``name`` is English, for scales whose wording is not at hand.
    """

    id: str
    label: Mapping[str, str]
    method: Method
    items: tuple[str, ...]
    reversed: frozenset[str]
    parts: tuple[str, ...]
    minimum_answered: float
    counted: frozenset[int] = frozenset()
    multiplier: float = 1.0
    name: str = ""
    higher: Sense | None = None
    missing_rule: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of scores. ``at_least`` and ``at_most`` belong to it, the others do not."""

    label: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a score lies in this band."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """Return the bounds as "2.59 <= score < 3.02"."""
        low = f"{self.at_least:g} <= " if self.at_least is not None else ""
        low = f"{self.above:g} < " if self.above is not None else low
        high = f" <= {self.at_most:g}" if self.at_most is not None else ""
        high = f" < {self.below:g}" if self.below is not None else high
        return f"{low}score{high}"


@dataclass(frozen=True, slots=True)
class CutOff:
    """Bands of one scale, which describe and never diagnose, and whom they were found on."""

    scale: str
    bands: tuple[Band, ...]
    country: str
    population: str
    year: int
    source: str
    verified: bool
    note: str = ""

    def band(self, value: float) -> Band | None:
        """Return the band that a score lies in, or None if it lies in none."""
        return next((band for band in self.bands if band.holds(value)), None)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something that whoever plans or analyses a study has to know; shown with the instrument."""

    text: str
    verified: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to use an instrument: whose, under which reference, since when (YYYY-MM-DD).

    Or ``not_needed`` says why this study needs none.
    """

    by: str = ""
    reference: str = ""
    date: str = ""
    not_needed: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """What counts as the total score: ``scale``, or None if there is none, and how it is formed."""

    scale: str | None
    convention: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire in all the languages that its wordings cover.

    Attributes
    ----------
    version
        Of the scoring key.
    minimum, maximum
        Bounds of the answers to Likert items.
    direction
        Whether a higher answer stands for more of what the item says ("rising": more often,
        more agreement) or for less ("falling"); None where nobody said.
    placeholder
        The languages in which the wording stands for construct and direction only; a live
        study cannot open on those.
    licence, licence_text, commercial, use
        Terms of use; what of the text comes along; whether commercial use is free, has to be
        asked for, or is ruled out; and whether any use at all is. None where nobody said.
    verified
        Which of the facts were checked at ``source``, by name.
    missing_rule
        Where the rule about missing items comes from.
    order
        Where the order of the items comes from.
    stub
        Why this instrument has no key and cannot be used as it is; empty for all others.
    signposting
        What participants are told about help, by language; empty where nothing has to be said.
    translations
        Where translations were published, by language.
    item_order, keep_first
        Whether chance orders the items for each assessment, and how many of them stay first then.
    fallbacks
        By language and variable, what stands in a gap of an item's text whose item has no answer.
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
    name: str = ""
    direction: Direction | None = None
    order: str = ""
    total: Total | None = None
    licence_text: TextTerms | None = None
    commercial: CommercialUse | None = None
    use: Use | None = None
    cut_offs: tuple[CutOff, ...] = ()
    warnings: tuple[Caution, ...] = ()
    signposting: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, str] = field(default_factory=dict)
    stub: str = ""
    item_order: ItemOrder = "fixed"
    keep_first: int = 0
    fallbacks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def asked(self) -> tuple[Item, ...]:
        """The items that have answers; all but information."""
        return tuple(item for item in self.items if item.is_asked)

    def item(self, item_id: str) -> Item:
        """Return the item called ``item_id``."""
        return next(item for item in self.items if item.id == item_id)

    def scale(self, scale_id: str) -> Scale:
        """Return the scale called ``scale_id``."""
        return next(scale for scale in self.scales if scale.id == scale_id)

    @property
    def unverified(self) -> tuple[str, ...]:
        """The facts that were looked for at a source and not confirmed, by name."""
        return tuple(name for name, is_verified in self.verified.items() if not is_verified)

    @property
    def is_free(self) -> bool:
        """Whether nothing in the terms asks a live study for a permission, nor for a reason."""
        return self.use != "ask" and self.commercial not in ("ask", "no")

    @property
    def key_status(self) -> Literal["verified", "unverified", "none", "not stated"]:
        """What is known of the scoring key."""
        if not self.scales:
            return "none"
        if "key" not in self.verified:
            return "not stated"
        return "verified" if self.verified["key"] else "unverified"

    def name_of(self, scale: Scale) -> str:
        """Return what a scale is called in English, or its id."""
        return scale.label.get("en") or scale.name or scale.id
