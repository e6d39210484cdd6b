"""The items of an instrument: their kinds, and what each kind may say of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from longwave.domain.instrument import SHORT_TEXT, Item, ItemKind, ItemOrder, Option
from longwave.domain.items import AnswerError, check_value, written
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.document import Data
from longwave.domain.protocol.faults import suggest

KINDS: tuple[ItemKind, ...] = (
    *("likert", "choice", "choices", "number", "slider", "text", "date", "time"),
    *("information", "consent"),
)
LONGEST_TEXT = 10_000
_ORDERS: tuple[ItemOrder, ...] = ("fixed", "random")
_MOST_STEPS = 1_000
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_FIELDS_OF: Mapping[str, tuple[ItemKind, ...]] = {
    "options": ("choice", "choices"),
    "other": ("choice", "choices"),
    "exclusive": ("choices",),
    "minimum": ("number", "slider"),
    "maximum": ("number", "slider"),
    "step": ("number", "slider"),
    "unit": ("number", "slider"),
    "earliest": ("date", "time"),
    "latest": ("date", "time"),
    "max_length": ("text",),
    "attention": ("likert", "choice", "choices", "number", "slider"),
    "required": tuple(kind for kind in KINDS if kind != "information"),
}


def read_items(block: Block, low: float, high: float) -> tuple[Item, ...]:
    """Return the items without their texts; Likert items are answered from ``low`` to ``high``."""
    likert = tuple(Option(str(value), {}) for value in range(int(low), int(high) + 1))
    items: list[Item] = []
    for index, value in enumerate(block.sequence("items")):
        path = f"items[{index}]"
        data: Data = {"id": value} if isinstance(value, str) else value
        entry = Block(block.document, path, data, "instrument_item", block.faults)
        items.append(_read_item(entry, likert, (low, high)))
        if items[-1].id in [item.id for item in items[:-1]]:
            block.fault(path, f"{items[-1].id!r} is used twice.", "Give each item its own id.")
    _check_items(block, items)
    return tuple(items)


def read_order(block: Block, items: Sequence[Item]) -> tuple[ItemOrder, int]:
    """Return whether chance orders the items, and how many stay first."""
    order = block.one_of("item_order", _ORDERS) if block.has("item_order") else "fixed"
    kept = block.integer("keep_first", 1, len(items)) if block.has("keep_first") else 0
    if block.has("keep_first") and order != "random" and not block.faulty("item_order"):
        block.fault(
            "keep_first",
            "The order is fixed, so that every item stays where it is.",
            "Write item_order: random, or remove the field.",
        )
    return order, kept


def _read_item(entry: Block, likert: tuple[Option, ...], bounds: tuple[float, float]) -> Item:
    kind = entry.one_of("kind", KINDS, default="information") if entry.has("kind") else "likert"
    is_likert = kind == "likert"
    item = Item(
        id=entry.identifier("id"),
        kind=kind,
        text={},
        options=likert if is_likert else _options(entry, kind),
        minimum=bounds[0] if is_likert else entry.number("minimum"),
        maximum=bounds[1] if is_likert else entry.number("maximum"),
        unit=entry.optional_text("unit"),
        required=entry.flag("required", default=kind == "consent"),
        other=entry.optional_text("other"),
        step=entry.number("step"),
        earliest=entry.optional_text("earliest"),
        latest=entry.optional_text("latest"),
        max_length=_max_length(entry) if kind == "text" else 0,
        when=entry.optional_text("when"),
    )
    if entry.faulty("kind") or not entry.usable:
        return item
    for field, kinds in _FIELDS_OF.items():
        if entry.has(field) and kind not in kinds:
            entry.fault(
                field,
                f"A {kind} has no {field}." if kind != "information" else f"There is no {field}.",
                f"Remove it, or set the kind to {' or '.join(kinds)}.",
            )
    item = _CHECKS.get(kind, _as_it_is)(entry, item)
    return replace(item, attention=_attention(entry, item))


def _options(entry: Block, kind: ItemKind) -> tuple[Option, ...]:
    values = entry.texts_in("options")
    if kind not in _FIELDS_OF["options"]:
        return ()
    if len(set(values)) < 2:
        entry.fault("options", "A choice needs two options.", "List at least two option values.")
    alone = entry.texts_in("exclusive")
    for index, value in enumerate(values):
        if value in values[:index]:
            entry.fault(f"options[{index}]", f"{value!r} is given twice.", "Remove one of the two.")
        if kind == "choices" and len(value.split()) > 1:
            entry.fault(
                f"options[{index}]",
                f"{value[:60]!r} holds a space, which parts the values that are chosen together.",
                "Write it with underscores.",
            )
    for index, value in enumerate(alone):
        _check_option(entry, f"exclusive[{index}]", value, values)
    if entry.has("other"):
        _check_option(entry, "other", entry.text("other"), values)
    return tuple(Option(value, {}, exclusive=value in alone) for value in values)


def _check_option(entry: Block, field: str, value: str, values: Sequence[str]) -> None:
    if value and value not in values:
        entry.fault(
            field,
            f"{value[:60]!r} is none of the options.{suggest(value, values)}",
            "Name an option, or add it to them.",
        )


def _max_length(entry: Block) -> int:
    if not entry.has("max_length"):
        return SHORT_TEXT
    return entry.integer("max_length", 1, LONGEST_TEXT)


def _as_it_is(_: Block, item: Item) -> Item:
    return item


def _check_number(entry: Block, item: Item) -> Item:
    low, high, step = item.minimum, item.maximum, item.step
    if low is not None and high is not None and low >= high:
        entry.fault(
            "maximum", "The maximum does not lie above the minimum.", "Exchange or correct them."
        )
    if step is not None and step <= 0:
        entry.fault("step", "The step must be above 0.", "Write for instance 1, or 0.5.")
    return item


def _check_slider(entry: Block, item: Item) -> Item:
    item = _check_number(entry, replace(item, step=1.0 if item.step is None else item.step))
    for field in ("minimum", "maximum"):
        if not entry.has(field):
            entry.fault(field, f"A slider needs a {field}.", f"Add {field} with a number.")
    if entry.faulty() or item.minimum is None or item.maximum is None or item.step is None:
        return item
    steps = (item.maximum - item.minimum) / item.step
    if abs(steps - round(steps)) > 1e-6 or steps > _MOST_STEPS:
        entry.fault(
            "step",
            f"From {item.minimum:g} to {item.maximum:g} it is {steps:.6g} steps.",
            f"Choose a step that leads to the maximum, in at most {_MOST_STEPS} steps.",
        )
    return item


def _check_date(entry: Block, item: Item) -> Item:
    return _check_span(entry, item, _is_date, "a day", "2026-03-31")


def _check_time(entry: Block, item: Item) -> Item:
    return _check_span(entry, item, _is_time, "a time of day", "09:30")


def _check_span(
    entry: Block, item: Item, is_one: Callable[[str], bool], what: str, example: str
) -> Item:
    for field, value in (("earliest", item.earliest), ("latest", item.latest)):
        if value and not is_one(value):
            entry.fault(field, f"{value[:60]!r} is not {what}.", f'Write for instance "{example}".')
    if item.earliest and item.latest and not entry.faulty() and item.earliest > item.latest:
        entry.fault("latest", "The latest is before the earliest.", "Exchange or correct them.")
    return item


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


_CHECKS: Mapping[ItemKind, Callable[[Block, Item], Item]] = {
    "number": _check_number,
    "slider": _check_slider,
    "date": _check_date,
    "time": _check_time,
}


def _attention(entry: Block, item: Item) -> str | None:
    """Return the answer that is expected of an item that checks attention."""
    raw = entry.raw("attention")
    if raw is None or entry.faulty():
        return None
    is_number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    text = written(float(raw)) if is_number else entry.text("attention")  # type: ignore[arg-type]
    try:
        return written(check_value(item, text)) if text else None
    except AnswerError as error:
        entry.fault("attention", f"{text[:60]!r} is no answer to this item: {error}", "Correct it.")
        return None


def _check_items(block: Block, items: Sequence[Item]) -> None:
    if block.has("items") and not items and not block.faulty("items") and not block.has("stub"):
        block.fault("items", "There are no items.", "List at least one item.")
    if any(item.kind == "likert" for item in items) and not block.has("answers"):
        block.fault(
            "answers",
            "The response scale of the Likert items is missing.",
            "Add answers: {minimum: ..., maximum: ...}.",
        )
