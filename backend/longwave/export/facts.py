"""What a codebook tells of instruments: their items, their scales, and how far to trust a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from longwave.domain.instrument import CutOff, Instrument, Item, Scale
from longwave.domain.items import AGREED
from longwave.domain.scoring import items_needed, possible_range

FACTS = ("version", "direction", "source", "verified", "missing_rule", "cut_offs")
"""What the codebook's table says of an item or a scale beside its labels."""

_DIRECTIONS = {
    "rising": "rising: a higher answer says more of what the item says",
    "falling": "falling: a higher answer says less of what the item says",
}
_SENSES = {
    "more": "a higher score means more of what the scale is named for",
    "less": "a higher score means less of what the scale is named for",
}
_NOT_STATED = "not stated"


def described(instrument: Instrument) -> dict[str, Any]:
    """Return all that is known of an instrument, as plain values."""
    total = instrument.total
    return {
        "instrument": instrument.id,
        "name": instrument.name,
        "version": instrument.version,
        "title": dict(instrument.title),
        "doi": instrument.doi,
        "source": instrument.source,
        "key": instrument.key_status,
        "verified": dict(instrument.verified),
        "licence": instrument.licence,
        "placeholder_wording": sorted(instrument.placeholder),
        "minimum": instrument.minimum,
        "maximum": instrument.maximum,
        "direction": _DIRECTIONS.get(instrument.direction or "", _NOT_STATED),
        "order": instrument.order or _NOT_STATED,
        "item_order": instrument.item_order,
        "keep_first": instrument.keep_first,
        "recall": instrument.recall or _NOT_STATED,
        "total": None if total is None else {"scale": total.scale, "convention": total.convention},
        "missing_rule": instrument.missing_rule,
        "rounding": "none",
        "warnings": [
            {"text": found.text, "source": found.source, "verified": found.verified}
            for found in instrument.warnings
        ],
        "notes": list(instrument.notes),
        "items": [_item(item) for item in instrument.items],
        "scales": [_scale(instrument, scale) for scale in instrument.scales],
    }


def item_row(instrument: Instrument, item: Item, languages: Sequence[str]) -> dict[str, object]:
    """Return what the codebook's table says of an item."""
    row: dict[str, object] = {
        "instrument": instrument.id,
        "item": item.id,
        "kind": item.kind,
        "rule": item.when or "",
    }
    for language in languages:
        row[f"label_{language}"] = item.text.get(language)
        row[f"placeholder_{language}"] = placeholder_note(instrument, language)
        row[f"values_{language}"] = joined(
            {option.value: option.label.get(language, "") for option in item.options}
            or ({AGREED: "agreed"} if item.kind == "consent" else {})
        )
    likert = _DIRECTIONS.get(instrument.direction or "", _NOT_STATED)
    return row | {
        "version": instrument.version,
        "direction": likert if item.kind == "likert" else "",
        "source": instrument.source,
    }


def scale_row(instrument: Instrument, scale_id: str, languages: Sequence[str]) -> dict[str, object]:
    """Return what the codebook's table says of a scale."""
    scale = instrument.scale(scale_id)
    row: dict[str, object] = {"instrument": instrument.id, "scale": scale.id}
    for language in languages:
        row[f"label_{language}"] = scale.label.get(language)
    return row | {
        "formula": formula(instrument, scale),
        "version": instrument.version,
        "direction": _SENSES.get(scale.higher or "", _NOT_STATED),
        "source": instrument.source,
        "verified": verification(instrument),
        "missing_rule": scale.missing_rule or instrument.missing_rule,
        "cut_offs": "; ".join(_cut_off_text(found) for found in _cut_offs(instrument, scale)),
    }


def formula(instrument: Instrument, scale: Scale) -> str:
    """Say how a scale is scored, in one line."""
    names = scale.parts or scale.items
    turned = f"{instrument.minimum + instrument.maximum:g}"
    terms = [f"({turned} - {name})" if name in scale.reversed else name for name in names]
    method: str = scale.method
    if scale.counted:
        method = f"count of {' or '.join(map(str, sorted(scale.counted)))} in "
    joined_terms = f"{method}({', '.join(terms)})"
    if scale.multiplier != 1:
        joined_terms += f" * {scale.multiplier:g}"
    if scale.parts:
        return f"{joined_terms}; needs every part"
    needed = f"needs {items_needed(scale)} of its {len(names)} items"
    prorated = "" if scale.method == "mean" else "; missing items count as the mean of the others"
    return f"{joined_terms}; {needed}{prorated}"


def verification(instrument: Instrument) -> str:
    """Say whether an instrument's key was verified, and which other facts were not."""
    others = [name.replace("_", " ") for name in instrument.unverified if name != "key"]
    key = f"key {instrument.key_status}"
    return f"{key}; not verified: {', '.join(others)}" if others else key


def placeholder_note(instrument: Instrument, language: str) -> str:
    """Say whether an instrument's wording in a language is a placeholder."""
    return "placeholder wording" if language in instrument.placeholder else ""


def joined(values: Mapping[str, str]) -> str:
    """Return codes with their labels in one line."""
    return "; ".join(f"{value}={label}" for value, label in values.items())


def _item(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {"item": item.id, "kind": item.kind, "text": dict(item.text)}
    if item.options:
        told["options"] = [
            {"value": option.value, "label": dict(option.label)} for option in item.options
        ]
    exclusive = [option.value for option in item.options if option.exclusive]
    facts = {
        "required": item.required or None,
        "when": item.when,
        "other": item.other,
        "exclusive": exclusive or None,
        "minimum": item.minimum,
        "maximum": item.maximum,
        "step": item.step,
        "unit": item.unit,
        "units": dict(item.units) or None,
        "ends": {language: list(ends) for language, ends in item.ends.items()} or None,
        "earliest": item.earliest,
        "latest": item.latest,
        "max_length": item.max_length or None,
        "attention": item.attention,
    }
    return told | {name: value for name, value in facts.items() if value is not None}


def _scale(instrument: Instrument, scale: Scale) -> dict[str, Any]:
    low, high = possible_range(instrument, scale)
    return {
        "scale": scale.id,
        "label": dict(scale.label),
        "method": scale.method,
        "items": list(scale.items),
        "parts": list(scale.parts),
        "reversed": sorted(scale.reversed),
        "counted": sorted(scale.counted),
        "multiplier": scale.multiplier,
        "minimum_answered": scale.minimum_answered,
        "missing_rule": scale.missing_rule or instrument.missing_rule,
        "direction": _SENSES.get(scale.higher or "", _NOT_STATED),
        "range": [_finite(low), _finite(high)],
        "formula": formula(instrument, scale),
        "cut_offs": [_cut_off(found) for found in _cut_offs(instrument, scale)],
    }


def _finite(bound: float) -> float | None:
    """Return a bound, or None where there is none: JSON knows no infinity."""
    return bound if abs(bound) != float("inf") else None


def _cut_offs(instrument: Instrument, scale: Scale) -> list[CutOff]:
    return [found for found in instrument.cut_offs if found.scale == scale.id]


def _cut_off(found: CutOff) -> dict[str, Any]:
    return {
        "bands": [{"label": band.label, "scores": str(band)} for band in found.bands],
        "country": found.country,
        "population": found.population,
        "year": found.year,
        "source": found.source,
        "verified": found.verified,
        "note": found.note,
    }


def _cut_off_text(found: CutOff) -> str:
    bands = ", ".join(f"{band.label}: {band}" for band in found.bands)
    trust = "" if found.verified else "; not verified"
    note = f"; {found.note}" if found.note else ""
    return (
        f"{bands} ({found.country}, {found.population}, {found.year}; {found.source}{note}{trust})"
    )
