"""A wording held against its instrument: count and order of items, their answers, their texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from longwave.domain.instrument import Instrument, Item
from longwave.domain.protocol.faults import suggest
from longwave.domain.wording.draft import Asked, Draft, Label

_NUMBER_AT_END = re.compile(r".*?([0-9]+)")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&[a-z]+;|\$\{[^}]*\}")
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Checked:
    """A wording that fits its instrument."""

    title: str
    instruction: str
    signposting: str
    answers: dict[str, str]
    items: dict[str, str]
    options: dict[str, dict[str, str]]
    scales: dict[str, str]


def checked(instrument: Instrument, language: str, draft: Draft) -> Checked:
    """Return the wording by the instrument's own names, and note all that does not fit."""
    asked = {
        name: _with_answers(instrument.item(name), question, draft)
        for name, question in _matched(instrument, draft)
    }
    for question in draft.asked:
        _check_text(draft, question)
    _check_all_options(draft, instrument, asked)
    answers = _common_labels(instrument, asked)
    _check_head(draft)
    return Checked(
        title=draft.title,
        instruction=draft.instruction,
        signposting=draft.signposting or instrument.signposting.get(language, ""),
        answers=answers,
        items={item.id: asked[item.id].text for item in instrument.items if item.id in asked},
        options=_own_labels(instrument, asked, answers),
        scales=_scales(instrument, language, draft),
    )


def _matched(instrument: Instrument, draft: Draft) -> Iterator[tuple[str, Asked]]:
    """Yield each item's id with its question; note those that are missing, doubled, astray."""
    ids = [item.id for item in instrument.items]
    by_id = any(question.name in ids for question in draft.asked)
    seen: dict[str, Asked] = {}
    before = -1
    for question in draft.asked:
        name = _item_of(question.name, ids, by_id=by_id)
        if name is None:
            draft.faults.add(
                question.row,
                draft.name_column,
                f"{instrument.id} has no item {question.name[:60]!r}.{suggest(question.name, ids)}",
                f"Name its items {ids[0]} to {ids[-1]}, or with their numbers, 1 to {len(ids)}, "
                "at the end; remove what is no item of it.",
            )
            continue
        if name in seen:
            draft.faults.add(
                question.row,
                draft.name_column,
                f"The item {name} is there twice; it was first in row {seen[name].row}.",
                "Remove one of the two, or correct its name.",
            )
            continue
        if ids.index(name) < before:
            draft.faults.add(
                question.row,
                draft.name_column,
                f"The item {name} comes after {ids[before]}.",
                "Put the items in the instrument's order, in which they are asked.",
            )
        before = max(before, ids.index(name))
        seen[name] = question
        yield name, question
    missing = [name for name in ids if name not in seen]
    if missing:
        named = ", ".join(missing[:_MOST_NAMED]) + (", ..." if len(missing) > _MOST_NAMED else "")
        draft.faults.add(
            0,
            "",
            f"{len(missing)} of the {len(ids)} items of {instrument.id} are missing: {named}.",
            "Add a row for each of them.",
        )


def _with_answers(item: Item, question: Asked, draft: Draft) -> Asked:
    shares = item.kind == "likert" and not question.options
    return replace(question, options=draft.shared) if shares else question


def _item_of(name: str, ids: Sequence[str], *, by_id: bool) -> str | None:
    """Return the item that a question is: by its id, or else by the number that it ends in."""
    if by_id:
        return name if name in ids else None
    match = _NUMBER_AT_END.fullmatch(name)
    number = int(match[1]) if match and len(match[1]) < _MOST_NAMED else 0
    return ids[number - 1] if 1 <= number <= len(ids) else None


def _check_text(draft: Draft, question: Asked) -> None:
    if not question.text:
        draft.faults.add(question.row, draft.text_column, "The text is empty.", "Write the item.")
    _check_markup(draft, question.row, draft.text_column, question.text)


def _check_markup(draft: Draft, row: int, column: str, text: str) -> None:
    found = _MARKUP.search(text)
    if found:
        draft.faults.add(
            row,
            column,
            f"The text holds {found[0][:60]!r}, which participants would see as it is.",
            "Write plain text.",
        )


def _check_all_options(draft: Draft, instrument: Instrument, asked: Mapping[str, Asked]) -> None:
    """Check each list of answers once for all the items that share it."""
    sharing: dict[tuple[tuple[Label, ...], tuple[str, ...], int], list[str]] = {}
    for name, question in asked.items():
        wanted = tuple(option.value for option in instrument.item(name).options)
        row = question.options[0].row if question.options else question.row
        sharing.setdefault((question.options, wanted, row), []).append(name)
    for (options, wanted, row), names in sharing.items():
        of = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        _check_values(draft, row, of, [label.value for label in options], wanted)
        _check_labels(draft, of, options)


def _check_values(
    draft: Draft, row: int, of: str, given: Sequence[str], wanted: Sequence[str]
) -> None:
    faults, column = draft.faults_of_options, draft.option_column
    if not wanted:
        if given:
            faults.add(row, column, f"{of} takes a number.", "Remove its answers.")
    elif len(given) != len(wanted):
        faults.add(
            row,
            column,
            f"The question {of} has {len(given)} answers; the instrument has {len(wanted)}.",
            f"Give the answers {', '.join(wanted)}.",
        )
    elif list(given) != list(wanted):
        order = ", the opposite order" if list(given) == list(wanted)[::-1] else ""
        faults.add(
            row,
            column,
            f"The answers of {of} are {', '.join(given)}{order}; the instrument has "
            f"{', '.join(wanted)}.",
            "Give each label the value that the instrument scores, in the instrument's order.",
        )


def _check_labels(draft: Draft, of: str, options: Sequence[Label]) -> None:
    faults, column = draft.faults_of_options, draft.option_column
    seen: set[str] = set()
    for label in options:
        if not label.text:
            faults.add(
                label.row,
                column,
                f"The answer {label.value} of {of} has no text.",
                "Write what participants are to see.",
            )
        elif label.text in seen:
            faults.add(
                label.row,
                column,
                f"Two answers of {of} are called {label.text[:60]!r}.",
                "Give each its own label.",
            )
        seen.add(label.text)
        _check_markup(draft, label.row, column, label.text)


def _labels(question: Asked) -> dict[str, str]:
    return {label.value: label.text for label in question.options}


def _common_labels(instrument: Instrument, asked: dict[str, Asked]) -> dict[str, str]:
    """Return the labels that most Likert items have."""
    likert = [
        tuple(_labels(asked[item.id]).items())
        for item in instrument.items
        if item.kind == "likert" and item.id in asked
    ]
    return dict(Counter(likert).most_common(1)[0][0]) if likert else {}


def _own_labels(
    instrument: Instrument, asked: dict[str, Asked], answers: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Return the labels of choice items, and of Likert items that have others than most."""
    return {
        item.id: _labels(asked[item.id])
        for item in instrument.items
        if item.id in asked
        and (
            item.kind == "choice" or (item.kind == "likert" and _labels(asked[item.id]) != answers)
        )
    }


def _check_head(draft: Draft) -> None:
    for name in ("title", "instruction"):
        text = getattr(draft, name)
        if not text:
            draft.faults.add(
                0, "", f"The {name} is missing.", f"Add it to the file, or give it with --{name}."
            )
        _check_markup(draft, 0, name, text)
    _check_markup(draft, 0, "signposting", draft.signposting)


def _scales(instrument: Instrument, language: str, draft: Draft) -> dict[str, str]:
    """Return names of all scales: the file's, else those that are known already."""
    known = [scale.id for scale in instrument.scales]
    for name in draft.scales:
        if name not in known:
            draft.faults.add(
                0,
                "id",
                f"{instrument.id} has no scale {name[:60]!r}.{suggest(name, known)}",
                "Correct or remove it.",
            )
    return {
        scale.id: draft.scales.get(scale.id)
        or scale.label.get(language)
        or instrument.name_of(scale)
        for scale in instrument.scales
    }
