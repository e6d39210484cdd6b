"""The scoring key of an instrument."""

from __future__ import annotations

import math
from collections.abc import Sequence

from longwave.domain.instrument import Item, Method, Scale, Sense
from longwave.domain.protocol.block import Block, check_unique
from longwave.domain.protocol.faults import suggest

CONVENTIONAL_SHARE = 0.8
_METHODS: tuple[Method, ...] = ("mean", "sum", "count")
_SENSES: tuple[Sense, ...] = ("more", "less")


def read_scales(block: Block, items: Sequence[Item]) -> tuple[Scale, ...]:
    """Return the scales of an instrument, and note what is wrong with them."""
    blocks = block.blocks("scales", "scale")
    scales: list[Scale] = []
    for entry in blocks:
        scale = _scale(entry)
        _check_scale(entry, scale, items, scales, in_doubt=block.faulty("items"))
        scales.append(scale)
    check_unique(blocks, [scale.id for scale in scales])
    return tuple(scales)


def _scale(entry: Block) -> Scale:
    return Scale(
        id=entry.identifier("id"),
        label={},
        method=entry.one_of("method", _METHODS),
        items=entry.identifiers("items"),
        reversed=frozenset(entry.identifiers("reversed")),
        parts=entry.identifiers("parts"),
        minimum_answered=_share(entry),
        counted=_counted(entry),
        multiplier=_multiplier(entry),
        name=entry.optional_text("name") or "",
        higher=entry.one_of("higher", _SENSES) if entry.has("higher") else None,
        missing_rule=entry.optional_text("missing_rule") or "",
    )


def _check_scale(
    entry: Block, scale: Scale, items: Sequence[Item], above: Sequence[Scale], *, in_doubt: bool
) -> None:
    if bool(scale.items) == bool(scale.parts) and not entry.faulty():
        entry.fault("items", "A scale has either items or parts.", "Give exactly one of them.")
    likert = [item.id for item in items if item.kind == "likert"]
    numbers = [item.id for item in items if item.kind in ("number", "slider")]
    if not in_doubt:
        takes_numbers = scale.method != "count"
        _check_members(
            entry,
            "items",
            scale.items,
            [*likert, *numbers] if takes_numbers else likert,
            "a Likert item or number of this instrument" if takes_numbers else "a Likert item",
        )
    parts = [done.id for done in above]
    _check_members(entry, "parts", scale.parts, parts, "a scale that stands above")
    members = [name for name in scale.items if name not in numbers] + list(scale.parts)
    what = "a Likert item or part that this scale scores"
    _check_members(entry, "reversed", entry.texts_in("reversed"), members, what)
    _check_reversed_parts(entry, scale, above)
    _check_count(entry, scale, items)


def _check_members(
    entry: Block, field: str, names: Sequence[str], known: Sequence[str], what: str
) -> None:
    for index, name in enumerate(names):
        if name and name not in known:
            entry.fault(
                f"{field}[{index}]",
                f"{name!r} is not {what}.{suggest(name, known)}",
                "Correct the name or remove it.",
            )


def _check_reversed_parts(entry: Block, scale: Scale, above: Sequence[Scale]) -> None:
    plain = {done.id for done in above if done.method == "mean" and done.multiplier == 1}
    known = {done.id for done in above}
    for index, name in enumerate(entry.texts_in("reversed")):
        if name in scale.parts and name in known - plain:
            entry.fault(
                f"reversed[{index}]",
                f"{name!r} is no plain mean, and minimum and maximum of the answers cannot "
                "reverse it.",
                "Reverse the items, or make the part a mean without multiplier.",
            )


def _check_count(entry: Block, scale: Scale, items: Sequence[Item]) -> None:
    if scale.method != "count":
        if entry.has("counted"):
            entry.fault("counted", "Only a count counts answers.", "Remove it, or set the method.")
        return
    if scale.parts:
        entry.fault("method", "A count is of items, not of parts.", "Use sum for the parts.")
    if not scale.counted and not entry.faulty("counted"):
        entry.fault("counted", "The answers to count are missing.", "Write for instance [6, 7].")
    known = {option.value for item in items if item.kind == "likert" for option in item.options}
    for index, value in enumerate(entry.sequence("counted")):
        if known and not entry.faulty("counted") and str(value) not in known:
            entry.fault(
                f"counted[{index}]",
                f"{value} is no answer of the response scale.",
                "Name answers as they are after reversal.",
            )


def _counted(entry: Block) -> frozenset[int]:
    found: set[int] = set()
    for index, value in enumerate(entry.sequence("counted")):
        if isinstance(value, int) and not isinstance(value, bool):
            found.add(value)
        else:
            entry.fault(
                f"counted[{index}]",
                "A whole number is expected.",
                "Write the number in digits, without quotes.",
            )
    return frozenset(found)


def _multiplier(entry: Block) -> float:
    multiplier = entry.number("multiplier")
    if multiplier is None:
        return 1.0
    if not (math.isfinite(multiplier) and multiplier > 0):
        entry.fault("multiplier", "The multiplier must be above 0.", "Write for instance 25.")
        return 1.0
    return multiplier


def _share(entry: Block) -> float:
    share = entry.number("minimum_answered")
    if share is None:
        return CONVENTIONAL_SHARE
    if not 0 < share <= 1:
        entry.fault(
            "minimum_answered",
            "The share that must be answered lies above 0 and is at most 1.",
            "Write for instance 0.8.",
        )
        return CONVENTIONAL_SHARE
    return share
