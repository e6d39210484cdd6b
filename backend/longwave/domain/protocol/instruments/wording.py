"""The wording of an instrument in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from longwave.domain.instrument import Instrument, Item
from longwave.domain.protocol.block import Block, check_format
from longwave.domain.protocol.document import Data, read_document
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.instruments.branching import check_own_gaps

Entry = TypeVar("Entry")


class Wording:
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
        self.signposting = block.optional_text("signposting") or ""
        if structure.raw("signposting") is True and not self.signposting:
            block.fault(
                "signposting",
                "Participants have to be told where they find help, and the text is missing.",
                "Add 'signposting' with a few words on it.",
            )
        self.options: dict[str, dict[str, str]] = {}
        self.ends: dict[str, tuple[str, str]] = {}
        self.units: dict[str, str] = {}
        self.fallbacks = block.text_map("fallbacks")
        if not structure.faulty("items"):
            self._read_of_items(block, instrument)

    def _read_of_items(self, block: Block, instrument: Instrument) -> None:
        """Read what hangs on the kinds of the items, which are not in doubt."""
        sliders = [item.id for item in instrument.items if item.kind == "slider"]
        counted = [item.id for item in instrument.items if item.kind in ("number", "slider")]
        self.options = _options(block, instrument)
        self.ends = _ends(block, sliders)
        self.units = _known_only(block, "units", block.text_map("units"), counted)
        check_own_gaps(block, instrument, self.items, self.fallbacks)

    def option_label(self, item: Item, value: str) -> str:
        """Return what is shown for one option; a Likert item may have labels of its own."""
        return self.options.get(item.id, self.answers)[value]


def read_wording(
    file: str, content: bytes, instrument: Instrument, language: str, structure: Block
) -> Wording | None:
    """Read one wording, and note what is wrong with it.

    Parameters
    ----------
    file, content
        The file's path and its bytes.
    instrument
        The instrument without its texts.
    language
        The language that the file's name says.
    structure
        The structure's file, whose faults excuse those that follow from them.
    """
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
    return Wording(block, instrument, structure)


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


def _ends(block: Block, sliders: Sequence[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name, texts in _known_only(block, "ends", block.lists_in("ends"), sliders).items():
        if len(texts) != 2:
            block.fault(
                f"ends.{name}",
                "A slider has two ends.",
                "Write two texts, that of the lower end first: [not at all, very much].",
            )
        else:
            found[name] = (texts[0], texts[1])
    return found


def _known_only(
    block: Block, field: str, given: Mapping[str, Entry], names: Sequence[str]
) -> dict[str, Entry]:
    for name in given:
        if name not in names:
            block.fault(
                f"{field}.{name}",
                f"{name!r} is not an item that has {field}.{suggest(name, names)}",
                "Correct or remove it.",
            )
    return {name: entry for name, entry in given.items() if name in names}


def _options(block: Block, instrument: Instrument) -> dict[str, dict[str, str]]:
    """Return the labels of the choice items, and of Likert items that have their own."""
    known = {item.id: item for item in instrument.items if item.options}
    given = block.mapping("options")
    for name in given:
        if name not in known:
            block.fault(
                f"options.{name}",
                f"{name!r} is not an item that has options.{suggest(name, list(known))}",
                "Correct or remove it.",
            )
    return {
        name: _option_labels(block, item, given.get(name))
        for name, item in known.items()
        if item.kind != "likert" or name in given
    }


def _option_labels(block: Block, item: Item, given: Data) -> dict[str, str]:
    labels = (
        {key: text for key, text in given.items() if isinstance(text, str) and text.strip()}
        if isinstance(given, dict)
        else {}
    )
    missing = [option.value for option in item.options if option.value not in labels]
    if missing:
        block.fault(
            f"options.{item.id}",
            f"The wording of the options {', '.join(missing)} is missing.",
            f"Add options: {{{item.id}: {{value: text}}}} for each of them.",
        )
    return labels


def put_together(bare: Instrument, wordings: Mapping[str, Wording]) -> Instrument:
    """Return the instrument with the texts of all its wordings."""
    items = tuple(
        replace(
            item,
            text={language: wording.items[item.id] for language, wording in wordings.items()},
            options=tuple(
                replace(
                    option,
                    label={
                        language: wording.option_label(item, option.value)
                        for language, wording in wordings.items()
                    },
                )
                for option in item.options
            ),
            ends=_of_item(item, {language: one.ends for language, one in wordings.items()}),
            units=_of_item(item, {language: one.units for language, one in wordings.items()}),
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
        signposting={
            language: wording.signposting
            for language, wording in wordings.items()
            if wording.signposting
        },
        fallbacks={
            language: wording.fallbacks
            for language, wording in wordings.items()
            if wording.fallbacks
        },
    )


def _of_item(item: Item, given: Mapping[str, Mapping[str, Entry]]) -> dict[str, Entry]:
    return {language: texts[item.id] for language, texts in given.items() if item.id in texts}
