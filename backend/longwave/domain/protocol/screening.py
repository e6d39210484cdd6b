"""Who may take part: screening questions, criteria, and how many may enrol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from longwave.domain.instrument import Item, ItemKind, Option
from longwave.domain.protocol.block import Block, check_unique
from longwave.domain.protocol.faults import listed, suggest
from longwave.domain.protocol.model import Cap, Criterion, Eligibility, Protocol
from longwave.domain.protocol.names import check_rule, unknown
from longwave.domain.protocol.people import LARGEST_STUDY
from longwave.domain.rules import item_variables

SITE = "site"
_ITEM_KINDS: tuple[ItemKind, ...] = ("likert", "choice", "number")
_OTHER_REASONS = ("rule", "full")
_COMPARISON = re.compile(r"(?<![\w.])([a-z]\w*)\s*[=!]=\s*(?:'([^']*)'|\"([^\"]*)\")")


def read_eligibility(block: Block, languages: Sequence[str]) -> Eligibility:
    """Read the screening questions, the rules over their answers, and the caps."""
    blocks = block.blocks("items", "item")
    items = tuple(_read_item(entry, languages) for entry in blocks)
    check_unique(blocks, [item.id for item in items])
    plan = Eligibility(
        items=items,
        rule=block.optional_text("rule"),
        criteria=_read_criteria(block, languages),
        caps=_read_caps(block),
    )
    if block.usable and not (plan.rule or plan.criteria or block.faulty("criteria")):
        block.fault(
            "rule",
            "There is neither a rule nor a criterion, so that nothing says who may take part.",
            "List 'criteria', or add 'rule'; write rule: \"true\" if everybody may.",
        )
    return plan


def _read_criteria(block: Block, languages: Sequence[str]) -> tuple[Criterion, ...]:
    entries = block.blocks("criteria", "criterion")
    criteria = tuple(
        Criterion(
            id=entry.identifier("id"),
            label=entry.texts("label", languages),
            rule=entry.text("rule"),
        )
        for entry in entries
    )
    check_unique(entries, [criterion.id for criterion in criteria])
    for entry, criterion in zip(entries, criteria, strict=True):
        if criterion.id in _OTHER_REASONS:
            entry.fault(
                "id",
                f"{criterion.id!r} already stands for another reason of exclusion.",
                f"Choose an id other than {listed(_OTHER_REASONS)}.",
            )
    return criteria


def _read_caps(block: Block) -> tuple[Cap, ...]:
    caps: list[Cap] = []
    for entry in block.blocks("caps", "cap"):
        cap = Cap(
            most=entry.integer("most", 1, LARGEST_STUDY),
            site=entry.optional_text("site"),
            stratum=entry.text_map("stratum"),
        )
        if entry.has("stratum") and not cap.stratum and not entry.faulty("stratum"):
            entry.fault(
                "stratum", "The stratum names no answer.", "Write {item: value}, or remove it."
            )
        elif entry.usable and any(_same_people(cap, other) for other in caps):
            entry.fault("", "There is another cap on the same people.", "Remove one of the two.")
        caps.append(cap)
    return tuple(caps)


def _same_people(first: Cap, second: Cap) -> bool:
    return (first.site, first.stratum) == (second.site, second.stratum)


def _read_item(block: Block, languages: Sequence[str]) -> Item:
    name = block.identifier("id")
    if name == "site":
        block.fault(
            "id",
            "'site' is the stratum of the place that enrols.",
            "Choose another id; the site follows from the enrolment link.",
        )
    kind = block.one_of("kind", _ITEM_KINDS)
    options = _read_options(block, kind, languages)
    low, high = block.number("minimum"), block.number("maximum")
    if kind == "likert" and options and not block.faulty("kind") and not block.faulty("options"):
        values = [float(option.value) for option in options]
        low, high = min(values), max(values)
    if low is not None and high is not None and low >= high:
        block.fault(
            "maximum", "The maximum does not lie above the minimum.", "Exchange or correct them."
        )
    return Item(
        id=name,
        kind=kind,
        text=block.texts("text", languages),
        options=options,
        minimum=low,
        maximum=high,
        unit=block.optional_text("unit"),
        required=block.flag("required", default=True),
    )


def _read_options(block: Block, kind: ItemKind, languages: Sequence[str]) -> tuple[Option, ...]:
    entries = block.blocks("options", "option")
    options = tuple(
        Option(entry.text("value"), entry.texts("label", languages)) for entry in entries
    )
    if block.faulty("kind"):
        return options
    if kind == "number":
        if entries:
            block.fault(
                "options", "A number has no options.", "Remove them, or write kind: choice."
            )
        return ()
    if len(entries) < 2:
        block.fault(
            "options",
            f"A {kind} item needs at least two options.",
            "List them as [{value: ..., label: {...}}, ...].",
        )
    seen: set[str] = set()
    for entry, option in zip(entries, options, strict=True):
        if option.value and option.value in seen:
            entry.fault("value", f"{option.value!r} is given twice.", "Make the values differ.")
        seen.add(option.value)
        if kind == "likert" and option.value and not re.fullmatch(r"-?[0-9]{1,4}", option.value):
            entry.fault(
                "value", f"{option.value[:40]!r} is no whole number.", 'Write for instance "1".'
            )
    return options


def check_eligibility(root: Block, protocol: Protocol) -> None:
    """Note rules that cannot be used, and caps on what does not exist."""
    plan = protocol.eligibility
    if root.faulty("eligibility.items"):
        return
    _check_answers(root, "eligibility.rule", plan.rule or "", plan.items)
    for index, criterion in enumerate(plan.criteria):
        _check_answers(root, f"eligibility.criteria[{index}].rule", criterion.rule, plan.items)
    for index, _ in enumerate(plan.caps):
        _check_cap(root, protocol, index)


def _check_answers(root: Block, field: str, rule: str, items: Sequence[Item]) -> None:
    check_rule(root, field, rule, item_variables(items), _example_answers(items))
    choices = {item.id: item for item in items if item.kind == "choice"}
    for name, single, double in _COMPARISON.findall(rule):
        value = single or double
        if name in choices:
            _check_option(root, field, choices[name], value, "Compare it with")


def _check_option(root: Block, field: str, item: Item, value: str, remedy: str) -> None:
    values = [option.value for option in item.options]
    if value and values and value not in values:
        root.fault(
            field,
            f"{value[:60]!r} is not an answer to {item.id!r}.{suggest(value, values)}",
            f"{remedy} {listed(values)}.",
        )


def _example_answers(items: Iterable[Item]) -> dict[str, str | float]:
    return {
        item.id: item.options[0].value
        if item.kind == "choice" and item.options
        else float(item.minimum or 0.0)
        for item in items
    }


def _check_cap(root: Block, protocol: Protocol, index: int) -> None:
    cap, base = protocol.eligibility.caps[index], f"eligibility.caps[{index}]"
    if cap.site is not None and not root.faulty("sites"):
        unknown(root, f"{base}.site", cap.site, protocol.sites, "site")
    for name, value in cap.stratum.items():
        field = f"{base}.stratum.{name}"
        if name == SITE:
            root.fault(
                field, "A site stands beside the stratum.", f"Write site: {value} beside 'stratum'."
            )
            continue
        item = find_factor(root, field, name, protocol.eligibility.items, "strata")
        if item is not None:
            _check_option(root, field, item, value, "Write")


def find_factor(
    root: Block, field: str, name: str, items: Sequence[Item], use: str, also: Sequence[str] = ()
) -> Item | None:
    """Return the required choice item called ``name``; note why it cannot make ``use``.

    ``also`` names what would serve in its place.
    """
    known = {item.id: item for item in items}
    item = known.get(name)
    choices = [*also, *(item.id for item in items if item.kind == "choice")]
    if item is None:
        unknown(root, field, name, choices, "choice item")
    elif item.kind != "choice":
        root.fault(
            field,
            f"{name!r} is not a choice, so that its answers make no {use}.",
            f"Use {listed(choices)}, or ask it as a choice." if choices else "Ask it as a choice.",
        )
    elif not item.required:
        root.fault(
            field,
            f"{name!r} may be left out, and whoever does would belong to none of the {use}.",
            "Write 'required: true' for this item.",
        )
    else:
        return item
    return None
