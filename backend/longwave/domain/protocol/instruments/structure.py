"""The structure of an instrument: its items, their answers, its facts."""

from __future__ import annotations

from longwave.domain.instrument import Direction, Instrument
from longwave.domain.protocol.block import Block, check_format
from longwave.domain.protocol.instruments.branching import check_own_rules
from longwave.domain.protocol.instruments.cut_offs import check_cut_offs, read_cut_offs
from longwave.domain.protocol.instruments.facts import (
    read_licence,
    read_total,
    read_translations,
    read_verified,
    read_warnings,
)
from longwave.domain.protocol.instruments.items import read_items, read_order
from longwave.domain.protocol.instruments.scales import read_scales

CONVENTION = "platform convention"
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
    items = read_items(block, low, high)
    item_order, keep_first = read_order(block, items)
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
        item_order=item_order,
        keep_first=keep_first,
    )
    _check_facts(block, bare)
    check_own_rules(block, bare)
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
