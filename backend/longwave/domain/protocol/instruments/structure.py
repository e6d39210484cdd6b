"""The structure of an instrument: its items, their answers, its facts."""

from __future__ import annotations

from collections.abc import Sequence

from longwave.domain.instrument import Direction, Instrument, Item, ItemKind, Option
from longwave.domain.protocol.block import Block, check_format
from longwave.domain.protocol.document import Data
from longwave.domain.protocol.instruments.cut_offs import check_cut_offs, read_cut_offs
from longwave.domain.protocol.instruments.facts import (
    read_licence,
    read_total,
    read_translations,
    read_verified,
    read_warnings,
)
from longwave.domain.protocol.instruments.scales import read_scales

CONVENTION = "platform convention"
_KINDS: tuple[ItemKind, ...] = ("likert", "choice", "number")
_DIRECTIONS: tuple[Direction, ...] = ("rising", "falling")
_WIDEST_RESPONSE_SCALE = 101


def read_structure(block: Block, expected: str) -> Instrument:
    """Return an instrument without its texts, and note what is wrong with it."""
    check_format(block)
    name = block.identifier("id")
    if name and name != expected:
        block.fault(
            "id",
            f"The id {name!r} does not match the file's name.",
            f"Write 'id: {expected}', or rename the file.",
        )
    low, high, direction = _answers(block)
    items = _items(block, low, high)
    licence = read_licence(block)
    block.flag("signposting", default=False)  # the wordings answer it
    bare = Instrument(
        id=expected,
        version=block.text("version"),
        title={},
        instruction={},
        items=items,
        scales=read_scales(block, items),
        minimum=low,
        maximum=high,
        minutes=_minutes(block),
        doi=block.optional_text("doi"),
        licence=licence.terms,
        placeholder=frozenset(),
        source=block.optional_text("source") or "",
        verified=read_verified(block),
        missing_rule=block.optional_text("missing_rule") or CONVENTION,
        recall=block.optional_text("recall") or "",
        notes=block.texts_in("notes"),
        name=block.optional_text("name") or "",
        direction=direction,
        order=block.optional_text("order") or "",
        total=read_total(block),
        licence_text=licence.text,
        commercial=licence.commercial,
        use=licence.use,
        cut_offs=read_cut_offs(block),
        warnings=read_warnings(block),
        signposting={},
        translations=read_translations(block),
        stub=block.optional_text("stub") or "",
    )
    _check_facts(block, bare)
    return bare


def _check_facts(block: Block, bare: Instrument) -> None:
    """Note what does not fit together: scores of a stub, totals and bands of no scale."""
    if bare.stub and bare.scales:
        block.fault("scales", "A stub has no key.", "Write 'scales: []', or remove 'stub'.")
    if block.faulty("scales") or block.faulty("items") or block.faulty("answers"):
        return
    known = [scale.id for scale in bare.scales]
    if bare.total is not None and bare.total.scale not in (None, *known):
        block.fault(
            "total.scale",
            f"There is no scale {bare.total.scale!r}.",
            "Name one of the scales, or leave 'scale' out where there is no total.",
        )
    check_cut_offs(block, bare)


def _minutes(block: Block) -> float:
    minutes = block.number("minutes")
    if minutes is not None and not 0 < minutes <= 240:
        block.fault("minutes", "The minutes must be more than 0, at most 240.", "Correct them.")
    return minutes or 0.0


def _answers(block: Block) -> tuple[float, float, Direction | None]:
    """Return the bounds of the answers to Likert items, and their direction."""
    answers = block.block("answers", "answers")
    if answers is None:
        return 0.0, 1.0, None
    direction = answers.one_of("direction", _DIRECTIONS) if answers.has("direction") else None
    low = answers.integer("minimum", -1000, 1000)
    high = answers.integer("maximum", -1000, 1000)
    if not answers.faulty() and not 1 <= high - low < _WIDEST_RESPONSE_SCALE:
        answers.fault(
            "maximum",
            f"Answers from {low} to {high} make no response scale.",
            "The maximum must lie above the minimum, by at most 100.",
        )
        return 0.0, 1.0, direction
    return float(low), float(max(low + 1, high)), direction


def _items(block: Block, low: float, high: float) -> tuple[Item, ...]:
    likert = tuple(Option(str(value), {}) for value in range(int(low), int(high) + 1))
    items: list[Item] = []
    for index, value in enumerate(block.sequence("items")):
        path = f"items[{index}]"
        data: Data = {"id": value} if isinstance(value, str) else value
        entry = Block(block.document, path, data, "instrument_item", block.faults)
        kind = entry.one_of("kind", _KINDS)
        items.append(
            Item(
                id=entry.identifier("id"),
                kind=kind,
                text={},
                options=likert if kind == "likert" else _choices(entry, kind),
                minimum=low if kind == "likert" else entry.number("minimum"),
                maximum=high if kind == "likert" else entry.number("maximum"),
                unit=entry.optional_text("unit"),
            )
        )
        if items[-1].id in [item.id for item in items[:-1]]:
            block.fault(path, f"{items[-1].id!r} is used twice.", "Give each item its own id.")
    _check_items(block, items)
    return tuple(items)


def _check_items(block: Block, items: Sequence[Item]) -> None:
    if block.has("items") and not items and not block.faulty("items") and not block.has("stub"):
        block.fault("items", "There are no items.", "List at least one item.")
    if any(item.kind == "likert" for item in items) and not block.has("answers"):
        block.fault(
            "answers",
            "The response scale of the Likert items is missing.",
            "Add answers: {minimum: ..., maximum: ...}.",
        )


def _choices(entry: Block, kind: ItemKind) -> tuple[Option, ...]:
    values = entry.texts_in("options")
    if kind == "choice" and len(set(values)) < 2:
        entry.fault("options", "A choice needs two options.", "List at least two option values.")
    if kind == "number" and values:
        entry.fault("options", "A number has no options.", "Remove them, or set kind to choice.")
    return tuple(Option(value, {}) for value in values)
