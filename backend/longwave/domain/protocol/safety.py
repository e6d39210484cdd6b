"""The section about safety: rules on answers and scores, the help they show, whom they alert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, Action
from longwave.domain.protocol.alerting import (
    WEEKDAYS,
    Alerting,
    Escalation,
    HelpPage,
    OutOfHours,
    SafetyRule,
    Text,
    WatchHours,
)
from longwave.domain.protocol.block import Block, check_unique
from longwave.domain.protocol.faults import FaultList, listed, suggest
from longwave.domain.protocol.model import Protocol
from longwave.domain.protocol.names import check_rule, unknown
from longwave.domain.protocol.people import COUNTRY, read_page, read_zone
from longwave.domain.protocol.references import page_file
from longwave.domain.rules import examples
from longwave.domain.safety.values import instruments_in, names_in, variables_of

_TELLABLE = tuple(role for role in Role if role in MAY[Action.LOOK_AFTER_ALERTS])
_LONGEST = timedelta(days=30)


def read_safety(root: Block, languages: Sequence[str]) -> tuple[SafetyRule, ...]:
    """Read the rules that show help and alert somebody."""
    blocks = root.blocks("safety", "safety")
    study = root.raw("study")
    zone = study.get("timezone") if isinstance(study, dict) else None
    rules = tuple(
        SafetyRule(
            id=block.identifier("id"),
            when=block.text("when"),
            show=_read_show(block),
            alert=_read_alert(block, languages, zone if isinstance(zone, str) else ""),
            waves=block.identifiers("waves"),
        )
        for block in blocks
    )
    check_unique(blocks, [rule.id for rule in rules])
    return rules


def read_help_pages(
    root: Block,
    rules: Sequence[SafetyRule],
    languages: Sequence[str],
    files: Mapping[str, bytes],
    faults: FaultList,
) -> dict[str, Text]:
    """Read the pages that rules show, by name and language."""
    found: dict[str, Text] = {}
    for index, rule in enumerate(rules):
        field = f"safety[{index}].show"
        if root.faulty(field):
            continue
        for name in filter(None, rule.show.names):
            if name not in found:
                found[name] = {
                    language: read_page(page_file(name, language), root, field, files, faults)
                    for language in languages
                }
    return found


def _read_show(block: Block) -> HelpPage:
    if not isinstance(block.raw("show"), dict):
        return HelpPage(block.identifier("show"))
    show = block.block("show", "help_page")
    assert show is not None
    countries = show.text_map("countries")
    for country, name in countries.items():
        field = f"countries.{country}"
        if not COUNTRY.fullmatch(country):
            show.fault(
                field,
                f"{country[:60]!r} is not the code of a country.",
                "Write its two capital letters by ISO 3166, such as DE or TR.",
            )
        show.check_identifier(field, name)
    return HelpPage(show.identifier("page"), countries)


def _read_alert(block: Block, languages: Sequence[str], zone: str) -> Alerting:
    if not isinstance(block.raw("alert"), dict):
        return Alerting(_read_role(block, "alert"))
    alert = block.block("alert", "alert")
    assert alert is not None
    hours = _read_hours(alert, zone)
    role = _read_role(alert, "role")
    return Alerting(
        role=role,
        within=_read_span(alert, "within") if alert.has("within") else None,
        escalate=_read_escalation(alert, role),
        hours=hours,
        out_of_hours=_read_out_of_hours(alert, languages),
    )


def _read_role(block: Block, field: str) -> str:
    """Read the role of those who are told: one in which they may look after an alert."""
    known = [role.value for role in Role]
    role = block.one_of(field, known)
    if role not in _TELLABLE and not block.faulty(field):
        block.fault(
            field,
            f"Nobody who is {_an(role)} may look after participants, nor acknowledge an alert.",
            f"Write {listed([tellable.value for tellable in _TELLABLE])}.",
        )
    return role


def _an(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _read_span(block: Block, field: str) -> timedelta:
    span = block.duration(field)
    exact = timedelta(days=span.days, minutes=span.minutes)
    fits = not span.months and timedelta() < exact <= _LONGEST
    if block.has(field) and not fits and not block.faulty(field):
        block.fault(
            field,
            "An alert is looked at after minutes, hours or days.",
            "Write for instance PT2H, and at most P30D.",
        )
    return exact


def _read_escalation(alert: Block, role: str) -> Escalation | None:
    block = alert.block("escalate", "escalate")
    if block is None:
        return None
    found = Escalation(_read_role(block, "role"), _read_span(block, "after"))
    if found.role == role and not block.faulty():
        block.fault(
            "role",
            f"The {role} is told already, and is reminded.",
            "Name another role, or remove the block.",
        )
    return found


def _read_hours(alert: Block, zone: str) -> WatchHours | None:
    block = alert.block("hours", "watch_hours")
    if block is None:
        return None
    days = block.texts_in("days") if block.has("days") else WEEKDAYS
    for index, day in enumerate(days):
        if day and day not in WEEKDAYS:
            block.fault(
                f"days[{index}]",
                f"{day[:60]!r} is no day of the week.",
                f"Write {listed(WEEKDAYS)}.",
            )
    if not days and not block.faulty("days"):
        block.fault("days", "There is no day.", "List days such as [mon, tue], or remove it.")
    start, end = block.time("from") or "", block.time("to") or ""
    if start and start == end:
        block.fault("to", "The hours end when they begin.", "Remove them to watch at any hour.")
    return WatchHours(
        start=start,
        end=end,
        days=tuple(day for day in WEEKDAYS if day in days),
        zone=read_zone(block, "zone") if block.has("zone") else zone,
    )


def _read_out_of_hours(alert: Block, languages: Sequence[str]) -> OutOfHours | None:
    block = alert.block("out_of_hours", "out_of_hours")
    if block is None:
        return None
    if not alert.has("hours"):
        alert.fault(
            "out_of_hours",
            "Without 'hours' alerts are looked at day and night.",
            "Give the hours, or remove 'out_of_hours'.",
        )
    if block.usable and not (block.has("role") or block.has("message")):
        block.fault("", "Neither a role nor a message is given.", "Add one, or remove the block.")
    return OutOfHours(
        role=_read_role(block, "role") if block.has("role") else None,
        message=block.texts("message", languages) if block.has("message") else {},
    )


# --- what holds between sections -----------------------------------------------------------------


def check_safety(root: Block, protocol: Protocol) -> None:
    """Note every rule that cannot be used, or that no assessment would ever decide."""
    asked = {name for wave in protocol.waves for name in wave.instruments}
    if not asked <= protocol.instruments.keys():
        return  # an instrument is at fault, and that has been noted
    known = [wave.id for wave in protocol.waves]
    for index, rule in enumerate(protocol.safety):
        base = f"safety[{index}]"
        for place, wave in enumerate(rule.waves):
            unknown(root, f"{base}.waves[{place}]", wave, known, "wave")
        if not root.faulty(f"{base}.waves"):
            _check_when(root, f"{base}.when", rule, protocol)


def _check_when(root: Block, field: str, rule: SafetyRule, protocol: Protocol) -> None:
    if not rule.when or root.faulty(field):
        return
    sheets = [wave.instruments for wave in protocol.waves if rule.holds_at(wave.id)]
    asked = list(dict.fromkeys(name for sheet in sheets for name in sheet))
    names = instruments_in(rule.when)
    where = f"of {', '.join(rule.waves)}" if rule.waves else "of this protocol"
    for name in names:
        if name not in asked:
            root.fault(
                field,
                f"No wave {where} asks the instrument {name[:60]!r}: the rule would never hold."
                f"{suggest(name, asked)}",
                f"Name what is asked: {', '.join(asked) or 'nothing is'}.",
            )
            return
    if _is_torn(rule.when, names, sheets):
        root.fault(
            field,
            f"No wave {where} asks {' and '.join(names)} together, and a rule looks at one "
            "assessment: it would never hold.",
            "Write a rule for each of them.",
        )
        return
    instruments = [protocol.instruments[name] for name in names]
    variables = variables_of(instruments)
    if not _check_names(root, field, rule.when, [name for name, _ in variables]):
        check_rule(root, field, rule.when, variables, examples(variables))


def _is_torn(rule: str, names: Sequence[str], sheets: Iterable[Sequence[str]]) -> bool:
    """Whether a rule that needs all it names names what is never asked together."""
    decides_by_part = re.search(r"\|\||\?", rule) is not None
    return not decides_by_part and not any(set(names) <= set(sheet) for sheet in sheets)


def _check_names(root: Block, field: str, rule: str, known: Sequence[str]) -> bool:
    """Note the first name that is neither an item nor a scale; return whether there is one."""
    for name in names_in(rule):
        if name not in known:
            instrument, _, part = name.partition(".")
            own = [one for one in known if one.startswith(f"{instrument}.")]
            root.fault(
                field,
                f"The instrument {instrument!r} has neither an item nor a scale {part[:60]!r}."
                f"{suggest(name, own)}",
                f"Name one of {', '.join(own)}.",
            )
            return True
    return False
