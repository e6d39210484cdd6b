"""Rules and gaps of items: each may look only at what was answered before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from longwave.domain.branching import known_at, others_in, variables_at
from longwave.domain.instrument import Instrument, Item
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.document import Document, read_document
from longwave.domain.protocol.faults import FaultList, suggest
from longwave.domain.protocol.instruments.files import instrument_file, wording_file
from longwave.domain.protocol.names import check_rule, unknown
from longwave.domain.rules import examples, item_variables, mentions
from longwave.domain.texts.piping import flaws_of_gaps, variables_in

_KEPT = "The order of these items is drawn, so that it may come later: raise 'keep_first'."


def check_own_rules(block: Block, bare: Instrument) -> None:
    """Note rules over what is not answered before, as far as one instrument tells."""
    if block.faulty("items"):
        return
    for place, item in enumerate(bare.items):
        if item.when is None:
            continue
        field = f"items[{place}].when"
        own = {one.id: one for one in bare.items}
        for name in mentions(item.when):
            if name in own:
                _check_earlier(block, field, bare, place, own[name], "a rule")
        if not others_in(item.when):
            _check_rule(block, field, item.when, bare, place, ())


def check_own_gaps(
    block: Block, bare: Instrument, texts: Mapping[str, str], fallbacks: Collection[str]
) -> None:
    """Note gaps in one wording's items that nothing fills, as far as one instrument tells."""
    own = {item.id: item for item in bare.items}
    used: set[str] = set()
    for place, item in enumerate(bare.items):
        field = f"items.{item.id}"
        text = texts.get(item.id, "")
        for flaw in flaws_of_gaps(text):
            block.fault(field, flaw.message, flaw.remedy)
        for name in variables_in(text):
            used.add(name)
            if name in own:
                _check_earlier(block, field, bare, place, own[name], "a gap")
            elif "." not in name:
                unknown(block, field, name, [one.id for one in known_at(bare, place)], "item")
            if name not in fallbacks:
                block.fault(
                    field,
                    f"Nothing says what stands for {{{{ {name} }}}} where it was not answered.",
                    f"Add it to this wording: fallbacks: {{{name}: ...}}.",
                )
    for name in fallbacks:
        if name not in used:
            block.fault(
                f"fallbacks.{name}",
                f"No item's text has a gap {{{{ {name} }}}}.{suggest(name, sorted(used))}",
                "Correct or remove it.",
            )


def check_between(
    asked: Sequence[Sequence[str]],
    instruments: Mapping[str, Instrument],
    files: Mapping[str, bytes],
    faults: FaultList,
) -> None:
    """Note rules and gaps over other instruments that are not asked before.

    Parameters
    ----------
    asked
        The instruments of each wave, in the order of asking.
    instruments, files
        Those that could be read, and the files that they were read from.
    """
    sound = {
        name: one
        for name, one in instruments.items()
        if not any(faults.has_file(path) for path in _files_of(one))
    }
    for instrument in sound.values():
        before = _asked_before(instrument.id, asked)
        block = _block(instrument_file(instrument.id), "instrument", files, faults)
        for place, item in enumerate(instrument.items):
            if item.when is not None and others_in(item.when):
                _check_other_rule(block, instrument, place, item.when, before, sound)
        for language in _languages_of(instrument):
            path = wording_file(instrument.id, language)
            wording = _block(path, "wording", files, faults)
            for item in instrument.items:
                field = f"items.{item.id}"
                for name in variables_in(item.text[language]):
                    if "." in name:
                        _check_other(wording, field, name, instrument, before, sound)


def _check_earlier(
    block: Block, field: str, bare: Instrument, place: int, named: Item, what: str
) -> None:
    """Note that ``named``, of the same instrument, cannot have an answer that serves here."""
    if named not in known_at(bare, place):
        drawn = named in bare.items[:place]
        block.fault(
            field,
            f"{named.id!r} is not asked before this item.",
            _KEPT if drawn else "Name items that stand above.",
        )
    elif what == "a rule" and not item_variables([named]):
        block.fault(
            field,
            f"{named.id!r} is of kind {named.kind}, which no rule can look at.",
            "Name a choice, a number, a time or a statement that is agreed to.",
        )
    elif what == "a gap" and (not named.is_asked or named.kind == "consent"):
        block.fault(field, f"{named.id!r} has no answer to be repeated.", "Name an item that asks.")


def _check_rule(
    block: Block,
    field: str,
    when: str,
    instrument: Instrument,
    place: int,
    others: Iterable[Instrument],
) -> None:
    variables = variables_at(instrument, place, others)
    check_rule(block, field, when, variables, examples(variables))


def _check_other_rule(
    block: Block,
    instrument: Instrument,
    place: int,
    when: str,
    before: Mapping[str, bool],
    instruments: Mapping[str, Instrument],
) -> None:
    field = f"items[{place}].when"
    for name in mentions(when):
        if "." in name:
            _check_other(block, field, name, instrument, before, instruments, rule=True)
    others = [instruments[name] for name in others_in(when) if name in instruments]
    if len(others) == len(others_in(when)):
        _check_rule(block, field, when, instrument, place, others)


def _check_other(
    block: Block,
    field: str,
    name: str,
    instrument: Instrument,
    before: Mapping[str, bool],
    instruments: Mapping[str, Instrument],
    *,
    rule: bool = False,
) -> None:
    other, _, part = name.partition(".")
    if other == instrument.id:
        block.fault(field, f"{name!r} is of this very instrument.", f"Write {part} alone.")
    elif other not in before:
        block.fault(
            field,
            f"No wave asks {other!r} together with {instrument.id!r}, so that {name} is never "
            f"known here.{suggest(other, list(before))}",
            f"List {other} before {instrument.id} in a wave, or correct the name.",
        )
    elif not before[other]:
        block.fault(
            field,
            f"A wave asks {other!r} after {instrument.id!r}, so that {name} is not known yet.",
            f"List {other} before {instrument.id} in each wave that asks both.",
        )
    elif other in instruments:
        found = instruments[other]
        known = [item.id for item in found.items if item.is_asked and item.kind != "consent"]
        if rule:
            known = [name for name, _ in item_variables(found.items)]
            known += [scale.id for scale in found.scales]
        unknown(block, field, part, known, f"item or scale of {other}" if rule else "item")


def _asked_before(name: str, asked: Sequence[Sequence[str]]) -> dict[str, bool]:
    """Return the instruments that come with ``name``, and whether always before it."""
    found: dict[str, bool] = {}
    for sheet in asked:
        if name not in sheet:
            continue
        for place, other in enumerate(sheet):
            if other != name:
                found[other] = found.get(other, True) and place < sheet.index(name)
    return found


def _files_of(instrument: Instrument) -> list[str]:
    wordings = [wording_file(instrument.id, name) for name in _languages_of(instrument)]
    return [instrument_file(instrument.id), *wordings]


def _languages_of(instrument: Instrument) -> Iterable[str]:
    return instrument.title


def _block(path: str, kind: str, files: Mapping[str, bytes], faults: FaultList) -> Block:
    """Return a file that was read before without a fault."""
    document = read_document(path, files[path], FaultList()) or Document(path)
    return Block(document, "", document.data, kind, faults)
