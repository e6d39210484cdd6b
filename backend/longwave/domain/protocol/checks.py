"""What must hold between the sections of a protocol: names that refer, rules, columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from longwave.domain.instrument import Instrument, Item
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import listed, suggest
from longwave.domain.protocol.instruments import instrument_file, wording_file
from longwave.domain.protocol.model import Eligibility, Protocol, Wave
from longwave.domain.rules import RuleError, VariableType, compile_rule, item_variables

SITE = "site"
LONGEST_COLUMN = 32
_COMPARISON = re.compile(r"(?<![\w.])([a-z]\w*)\s*[=!]=\s*(?:'([^']*)'|\"([^\"]*)\")")


def check_references(root: Block, protocol: Protocol, files: Collection[str]) -> None:
    """Note every name that refers to nothing, and every rule that cannot be used."""
    _check_instruments(root, protocol, files)
    _check_columns(root, protocol)
    _check_eligibility(root, protocol.eligibility)
    _check_arms(root, protocol)
    _check_randomisation(root, protocol)
    _check_safety(root, protocol)


def unknown(root: Block, field: str, name: str, known: Iterable[str], what: str) -> bool:
    """Note that ``name`` at ``field`` is not among ``known``; return whether that is so."""
    names = list(known)
    if not name or name in names or root.faulty(field):
        return False
    root.fault(
        field,
        f"There is no {what} {name[:60]!r}.{suggest(name, names)}",
        f"Write {listed(names)}." if names else f"Add a {what} of this name.",
    )
    return True


def column_name(instrument: str, scale: str, wave: str) -> str:
    """Return the name of a score's column in the wide table."""
    return f"{instrument}_{scale}__{wave}"


def _check_instruments(root: Block, protocol: Protocol, files: Collection[str]) -> None:
    available = [
        path.removeprefix("instruments/").removesuffix(".yaml")
        for path in sorted(files)
        if re.fullmatch(r"instruments/\w+\.yaml", path)
    ]
    seen: set[str] = set()
    for wave in protocol.waves:
        for index, name in enumerate(wave.instruments):
            field = f"waves[{wave.order}].instruments[{index}]"
            if name and name not in available:
                root.fault(
                    field,
                    f"There is no instrument {name[:60]!r}.{suggest(name, available)}",
                    f"Correct the name, or add {instrument_file(name[:60])} to the study's folder.",
                )
            elif name not in seen:
                _check_wordings(root, field, name, protocol.study.languages, files)
            seen.add(name)


def _check_wordings(
    root: Block, field: str, name: str, languages: Sequence[str], files: Collection[str]
) -> None:
    for language in languages:
        path = wording_file(name, language)
        if name and path not in files:
            root.fault(
                field,
                f"The instrument {name!r} has no wording in language {language!r}.",
                f"Add {path}, or remove {language!r} from study.languages.",
            )


def _check_columns(root: Block, protocol: Protocol) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for wave in protocol.waves:
        field = f"waves[{wave.order}].id"
        if not wave.id or root.faulty(field):
            continue
        longest: tuple[str, tuple[str, str]] = ("", ("", ""))
        for owner in _measured(protocol, wave):
            column = column_name(*owner, wave.id)
            longest = max(longest, (column, owner), key=lambda pair: len(pair[0]))
            if owners.setdefault(column, owner) != owner:
                root.fault(
                    field,
                    f"{'.'.join(owners[column])} and {'.'.join(owner)} would share the column "
                    f"{column}.",
                    "Rename one of the scales or instruments.",
                )
        if len(longest[0]) > LONGEST_COLUMN:
            _refuse_long_column(root, field, wave, *longest)


def _refuse_long_column(
    root: Block, field: str, wave: Wave, column: str, owner: tuple[str, str]
) -> None:
    room = LONGEST_COLUMN - len(column) + len(wave.id)
    root.fault(
        field,
        f"The column {column} would have {len(column)} characters; statistics programs take "
        f"{LONGEST_COLUMN}.",
        f"Shorten the wave's id to at most {room} characters."
        if room > 0
        else f"Shorten the id of the scale {'.'.join(owner)}.",
    )


def _measured(protocol: Protocol, wave: Wave) -> list[tuple[str, str]]:
    """Return instrument and scale of every score that ``wave`` gives."""
    return [
        (name, scale)
        for name in dict.fromkeys(wave.instruments)
        for scale in _scales(protocol.instruments.get(name))
    ]


def _scales(instrument: Instrument | None) -> list[str]:
    return [] if instrument is None else [scale.id for scale in instrument.scales if scale.id]


def _check_eligibility(root: Block, plan: Eligibility) -> None:
    if root.faulty("eligibility.items"):
        return
    field = "eligibility.rule"
    _check_rule(
        root, field, plan.rule or "", item_variables(plan.items), _example_answers(plan.items)
    )
    choices = {item.id: item for item in plan.items if item.kind == "choice"}
    for name, single, double in _COMPARISON.findall(plan.rule or ""):
        value = single or double
        values = [option.value for option in choices[name].options] if name in choices else []
        if values and value not in values:
            root.fault(
                field,
                f"{value!r} is not an answer to {name!r}.{suggest(value, values)}",
                f"Compare it with {listed(values)}.",
            )


def _example_answers(items: Iterable[Item]) -> dict[str, str | float]:
    return {
        item.id: item.options[0].value
        if item.kind == "choice" and item.options
        else float(item.minimum or 0.0)
        for item in items
    }


def _check_rule(
    root: Block,
    field: str,
    source: str,
    variables: tuple[tuple[str, VariableType], ...],
    example: Mapping[str, str | float],
) -> None:
    if not source or root.faulty(field):
        return
    known = ", ".join(name for name, _ in variables) or "none"
    try:
        rule = compile_rule(source, variables)
    except RuleError as error:
        root.fault(
            field,
            str(error),
            f"The variables are: {known}. Compare text with quotes, as in x == 'yes', and "
            "numbers without.",
        )
        return
    if rule.exceeds_budget(example):
        root.fault(field, "The rule takes too many steps.", "Write it without nested loops.")


def _check_arms(root: Block, protocol: Protocol) -> None:
    waves = [wave.id for wave in protocol.waves]
    for arm in protocol.arms.values():
        base = f"arms.{arm.id}"
        if arm.programme is not None:
            unknown(root, f"{base}.programme", arm.programme, protocol.programmes, "programme")
        if arm.crossover is None or arm.crossover.after is None:
            continue
        cross = f"{base}.crossover"
        unknown(
            root, f"{cross}.programme", arm.crossover.programme, protocol.programmes, "programme"
        )
        if unknown(root, f"{cross}.after", arm.crossover.after, waves, "wave"):
            continue
        plan = protocol.randomisation
        known = plan is not None and plan.after in waves and arm.crossover.after in waves
        if (
            known
            and plan is not None
            and waves.index(arm.crossover.after) <= waves.index(plan.after)
        ):
            root.fault(
                f"{cross}.after",
                f"The crossover after {arm.crossover.after!r} would come before the arms differ.",
                f"Name a wave that comes after {plan.after!r}.",
            )


def _check_randomisation(root: Block, protocol: Protocol) -> None:
    plan = protocol.randomisation
    randomised = protocol.study.kind == "randomised"
    if root.faulty("study.kind"):
        return
    if plan is None:
        if randomised and not root.faulty("randomisation"):
            root.fault(
                "randomisation",
                "A randomised study needs the block 'randomisation'.",
                "Add it, or write kind: cohort under study.",
            )
        return
    if not randomised:
        root.fault(
            "randomisation", "A cohort is not randomised.", "Remove it, or write kind: randomised."
        )
    if len(protocol.arms) < 2 and not root.faulty("arms"):
        root.fault("arms", "Randomisation needs two arms.", "Describe at least two arms.")
    unknown(root, "randomisation.after", plan.after, [wave.id for wave in protocol.waves], "wave")
    for arm in plan.ratio:
        unknown(root, f"randomisation.ratio.{arm}", arm, protocol.arms, "arm")
    for arm in protocol.arms:
        if plan.ratio and arm not in plan.ratio:
            root.fault(
                "randomisation.ratio",
                f"The ratio leaves out the arm {arm!r}.",
                f"Add {arm}: 1, or remove the arm.",
            )
    if not root.faulty("eligibility.items"):
        _check_strata(root, protocol, plan.strata)


def _check_strata(root: Block, protocol: Protocol, strata: Sequence[str]) -> None:
    items = {item.id: item for item in protocol.eligibility.items}
    choices = [name for name, item in items.items() if item.kind == "choice"]
    for index, name in enumerate(strata):
        field = f"randomisation.strata[{index}]"
        if name and name in strata[:index]:
            root.fault(field, f"{name!r} is listed twice.", "Remove one of the two.")
        elif name == SITE:
            continue
        elif name in items and name not in choices:
            root.fault(
                field,
                f"{name!r} is not a choice, so that its answers make no strata.",
                f"Use {listed([SITE, *choices])}, or ask it as a choice.",
            )
        elif name in items and not items[name].required:
            root.fault(
                field,
                f"{name!r} may be left out, and whoever does would have no stratum.",
                "Write 'required: true' for this item.",
            )
        else:
            unknown(root, field, name, [SITE, *choices], "stratification factor")


def _check_safety(root: Block, protocol: Protocol) -> None:
    scores = measured_scores(protocol, [wave.id for wave in protocol.waves])
    asked = {name for wave in protocol.waves for name in wave.instruments}
    if not asked <= protocol.instruments.keys():
        return  # an instrument is at fault, and that has been noted
    variables: tuple[tuple[str, VariableType], ...] = tuple((name, "number") for name in scores)
    for index, rule in enumerate(protocol.safety):
        example = dict.fromkeys(scores, 1.0)
        _check_rule(root, f"safety[{index}].when", rule.when, variables, example)


def measured_scores(protocol: Protocol, waves: Iterable[str]) -> list[str]:
    """Return ``instrument.scale`` for every score measured in one of ``waves``."""
    names = set(waves)
    found = [
        pair for wave in protocol.waves if wave.id in names for pair in _measured(protocol, wave)
    ]
    return [f"{name}.{scale}" for name, scale in dict.fromkeys(found)]
