"""Instruments and their wordings, read from the files that a protocol refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from longwave.domain.instrument import Instrument, Item, ItemKind, Option, Scale
from longwave.domain.protocol.block import Block, check_format, check_unique
from longwave.domain.protocol.document import Data, read_document
from longwave.domain.protocol.faults import FaultList, suggest

CONVENTION = "platform convention"
CONVENTIONAL_SHARE = 0.8
_KINDS: tuple[ItemKind, ...] = ("likert", "choice", "number")
_METHODS: tuple[Literal["mean", "sum"], ...] = ("mean", "sum")
_WIDEST_RESPONSE_SCALE = 101


def instrument_file(instrument: str) -> str:
    """Return the path of an instrument's structure and scoring key."""
    return f"instruments/{instrument}.yaml"


def wording_file(instrument: str, language: str) -> str:
    """Return the path of an instrument's wording in one language."""
    return f"instruments/wordings/{instrument}.{language}.yaml"


def read_instrument(
    instrument: str, files: Mapping[str, bytes], languages: Sequence[str], faults: FaultList
) -> Instrument | None:
    """Read one instrument with its wordings, and note faults.

    The structure's file must be there; a language without a wording is left to the caller. An
    instrument with faults comes without its texts, for checks that need its scales alone; None
    is returned when not even these are known.
    """
    file = instrument_file(instrument)
    document = read_document(file, files[file], faults)
    if document is None:
        return None
    block = Block(document, "", document.data, "instrument", faults)
    bare = _read_structure(block, instrument)
    wordings: dict[str, _Wording] = {}
    for language in languages:
        path = wording_file(instrument, language)
        if path in files:
            wording = _read_wording(path, files[path], bare, language, block)
            if wording is not None:
                wordings[language] = wording
    paths = [file, *(wording_file(instrument, language) for language in languages)]
    if any(faults.has_file(path) for path in paths):
        return None if block.faulty("scales") else bare
    return _put_together(bare, wordings)


def _read_structure(block: Block, expected: str) -> Instrument:
    check_format(block)
    name = block.identifier("id")
    if name and name != expected:
        block.fault(
            "id",
            f"The id {name!r} does not match the file's name.",
            f"Write 'id: {expected}', or rename the file.",
        )
    low, high = _answer_range(block)
    items = _items(block, low, high)
    return Instrument(
        id=expected,
        version=block.text("version"),
        title={},
        instruction={},
        items=items,
        scales=_scales(block, items),
        minimum=low,
        maximum=high,
        minutes=_minutes(block),
        doi=block.optional_text("doi"),
        licence=block.text("licence"),
        placeholder=frozenset(),
        source=block.optional_text("source") or "",
        verified=_verified(block),
        missing_rule=block.optional_text("missing_rule") or CONVENTION,
        recall=block.optional_text("recall") or "",
        notes=block.texts_in("notes"),
    )


def _minutes(block: Block) -> float:
    minutes = block.number("minutes")
    if minutes is not None and not 0 < minutes <= 240:
        block.fault("minutes", "The minutes must be more than 0, at most 240.", "Correct them.")
    return minutes or 0.0


def _verified(block: Block) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for key, value in block.mapping("verified").items():
        if isinstance(value, bool):
            found[key] = value
        else:
            block.fault(f"verified.{key}", "Either true or false is expected.", "Write true.")
    return found


def _answer_range(block: Block) -> tuple[float, float]:
    answers = block.block("answers", "answers")
    if answers is None:
        return 0.0, 1.0
    low = answers.integer("minimum", -1000, 1000)
    high = answers.integer("maximum", -1000, 1000)
    if not answers.faulty() and not 1 <= high - low < _WIDEST_RESPONSE_SCALE:
        answers.fault(
            "maximum",
            f"Answers from {low} to {high} make no response scale.",
            "The maximum must lie above the minimum, by at most 100.",
        )
        return 0.0, 1.0
    return float(low), float(max(low + 1, high))


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
    if block.has("items") and not items and not block.faulty("items"):
        block.fault("items", "There are no items.", "List at least one item.")
    return tuple(items)


def _choices(entry: Block, kind: ItemKind) -> tuple[Option, ...]:
    values = entry.texts_in("options")
    if kind == "choice" and len(set(values)) < 2:
        entry.fault("options", "A choice needs two options.", "List at least two option values.")
    if kind == "number" and values:
        entry.fault("options", "A number has no options.", "Remove them, or set kind to choice.")
    return tuple(Option(value, {}) for value in values)


def _scales(block: Block, items: Sequence[Item]) -> tuple[Scale, ...]:
    blocks = block.blocks("scales", "scale")
    scales: list[Scale] = []
    likert = [item.id for item in items if item.kind == "likert"]
    for entry in blocks:
        members = entry.identifiers("items")
        parts = entry.identifiers("parts")
        scale = Scale(
            id=entry.identifier("id"),
            label={},
            method=entry.one_of("method", _METHODS),
            items=members,
            reversed=frozenset(entry.identifiers("reversed")),
            parts=parts,
            minimum_answered=_share(entry),
        )
        if bool(members) == bool(parts) and not entry.faulty():
            entry.fault("items", "A scale has either items or parts.", "Give exactly one of them.")
        if not block.faulty("items"):
            _check_members(entry, "items", members, likert, "a Likert item of this instrument")
        _check_members(
            entry, "parts", parts, [done.id for done in scales], "a scale that stands above"
        )
        _check_members(
            entry, "reversed", entry.texts_in("reversed"), members + parts, "scored by this scale"
        )
        _check_reversed_parts(entry, scale, scales)
        scales.append(scale)
    check_unique(blocks, [scale.id for scale in scales])
    return tuple(scales)


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
    sums = {done.id for done in above if done.method == "sum"}
    for index, name in enumerate(entry.texts_in("reversed")):
        if name in scale.parts and name in sums:
            entry.fault(
                f"reversed[{index}]",
                f"{name!r} is a sum, which minimum and maximum of the answers cannot reverse.",
                "Reverse the items, or make the part a mean.",
            )


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


class _Wording:
    """The texts of one instrument in one language."""

    def __init__(self, block: Block, instrument: Instrument, structure: Block) -> None:
        self.placeholder = block.flag("placeholder", default=False)
        self.title = block.text("title")
        self.instruction = block.text("instruction")
        self.items = _labels(block, "items", [item.id for item in instrument.items], structure)
        self.scales = _labels(block, "scales", [scale.id for scale in instrument.scales], structure)
        likert = next((item for item in instrument.items if item.kind == "likert"), None)
        values = [option.value for option in likert.options] if likert else []
        self.answers = _labels(block, "answers", values, structure)
        self.options = _options(block, instrument)

    def option_label(self, item: Item, value: str) -> str:
        """Return what is shown for one option."""
        if item.kind == "likert":
            return self.answers[value]
        return self.options[item.id][value]


def _read_wording(
    file: str, content: bytes, instrument: Instrument, language: str, structure: Block
) -> _Wording | None:
    document = read_document(file, content, structure.faults)
    if document is None:
        return None
    block = Block(document, "", document.data, "wording", structure.faults)
    check_format(block)
    for field, expected in (("instrument", instrument.id), ("language", language)):
        found = block.text(field)
        if found and expected and found != expected:
            block.fault(
                field,
                f"{found!r} does not match the file's name.",
                f"Write '{field}: {expected}', or rename the file.",
            )
    return _Wording(block, instrument, structure)


def _labels(block: Block, field: str, names: Sequence[str], structure: Block) -> dict[str, str]:
    """Return the texts of ``field``, which must be those of ``names`` unless these are in doubt."""
    found = block.text_map(field)
    if structure.faulty(field):
        return found
    for name in found:
        if name not in names:
            block.fault(
                f"{field}.{name}",
                f"The instrument has no {name!r} under {field}.{suggest(name, names)}",
                "Correct the name or remove the line.",
            )
    missing = [name for name in names if name and name not in found]
    if missing and (block.has(field) or field == "answers"):
        block.fault(
            field,
            f"The wording of {', '.join(missing)} is missing.",
            f"Add a text for each of them under {field!r}.",
        )
    return found


def _options(block: Block, instrument: Instrument) -> dict[str, dict[str, str]]:
    choices = {item.id: item for item in instrument.items if item.kind == "choice"}
    labels: dict[str, dict[str, str]] = {}
    for name in block.mapping("options"):
        if name not in choices:
            block.fault(
                f"options.{name}", f"{name!r} is not a choice item.", "Correct or remove it."
            )
    for name, item in choices.items():
        given = block.mapping("options").get(name)
        labels[name] = (
            {key: text for key, text in given.items() if isinstance(text, str) and text.strip()}
            if isinstance(given, dict)
            else {}
        )
        missing = [option.value for option in item.options if option.value not in labels[name]]
        if missing:
            block.fault(
                f"options.{name}",
                f"The wording of the options {', '.join(missing)} is missing.",
                f"Add options: {{{name}: {{value: text}}}} for each of them.",
            )
    return labels


def _put_together(bare: Instrument, wordings: Mapping[str, _Wording]) -> Instrument:
    """Return the instrument with the texts of all its wordings."""
    items = tuple(
        replace(
            item,
            text={language: wording.items[item.id] for language, wording in wordings.items()},
            options=tuple(
                Option(
                    option.value,
                    {
                        language: wording.option_label(item, option.value)
                        for language, wording in wordings.items()
                    },
                )
                for option in item.options
            ),
        )
        for item in bare.items
    )
    scales = tuple(
        replace(
            scale,
            label={language: wording.scales[scale.id] for language, wording in wordings.items()},
        )
        for scale in bare.scales
    )
    return replace(
        bare,
        title={language: wording.title for language, wording in wordings.items()},
        instruction={language: wording.instruction for language, wording in wordings.items()},
        items=items,
        scales=scales,
        placeholder=frozenset(name for name, text in wordings.items() if text.placeholder),
    )
