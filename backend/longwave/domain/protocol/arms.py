"""How participants come to arms, and when a waiting arm receives its programme."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from typing import Literal

from longwave.domain.protocol.anchors import hangs_on_programme, may_never_come
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.model import (
    Arm,
    Crossover,
    CrossoverOrigin,
    InlineSettings,
    Minimisation,
    Protocol,
    RandomisationMethod,
    RandomisationPlan,
)
from longwave.domain.protocol.names import unknown
from longwave.domain.protocol.screening import SITE, find_factor

_METHODS: tuple[RandomisationMethod, ...] = ("simple", "permuted_blocks", "minimisation", "list")
_IMBALANCES: tuple[Literal["range", "variance"], ...] = ("range", "variance")
_ORIGINS: tuple[CrossoverOrigin, ...] = ("randomisation", "opening")
_PROBABILITY = 0.8
_LARGEST_WEIGHT = 1000
_LARGEST_BLOCK = 1000
_CROSSOVER_REMEDY = "Name another wave, or write at: <duration> with from: opening."
ALL = "all"
"""The one list of a randomisation without strata."""


def read_arms(root: Block, languages: Sequence[str]) -> dict[str, Arm]:
    """Read the treatment conditions."""
    return {
        name: Arm(
            id=name,
            label=block.texts("label", languages),
            programme=block.optional_text("programme"),
            crossover=_read_crossover(block.block("crossover", "crossover")),
        )
        for name, block in root.named_blocks("arms", "arm")
    }


def _read_crossover(block: Block | None) -> Crossover | None:
    if block is None:
        return None
    timed = block.has("at")
    if block.usable and timed == block.has("after"):
        block.fault(
            "at" if timed else "",
            "It is said twice when the programme starts."
            if timed
            else "It is not said when the programme starts.",
            "Write either after: <id of a wave>, or at: <duration> such as P26W.",
        )
    if block.has("from") and not timed:
        block.fault("from", "'from' belongs to 'at'.", "Remove it, or write at: <duration>.")
    at = block.duration("at") if timed else None
    if at is not None and not at.nominal_days() and not block.faulty("at"):
        block.fault(
            "at",
            "A crossover cannot come at once.",
            "Write a duration above zero such as P4W, or give the arm the programme itself.",
        )
    return Crossover(
        programme=block.text("programme"),
        after=block.optional_text("after"),
        at=at,
        origin=block.one_of("from", _ORIGINS) if block.has("from") else "randomisation",
    )


def read_randomisation(block: Block) -> RandomisationPlan:
    """Read how participants come to arms."""
    ratio: dict[str, int] = {}
    for arm, share in block.mapping("ratio").items():
        if isinstance(share, bool) or not isinstance(share, int) or not 1 <= share <= 100:
            block.fault(
                f"ratio.{arm}", "A whole number from 1 to 100 is expected.", f"Write {arm}: 1."
            )
        ratio[arm] = share if isinstance(share, int) else 1
    method = block.one_of("method", _METHODS)
    strata = block.texts_in("strata")
    minimisation = _read_minimisation(block.block("minimisation", "minimisation"), strata)
    sealed = block.block("sealed", "sealed")
    inline = None if sealed is None else _read_inline(sealed, sum(ratio.values()))
    if block.has("method") and not block.faulty("method"):
        _check_method(block, method, strata)
        if inline is not None:
            _check_inline(block, method, inline)
    return RandomisationPlan(
        method=method,
        ratio=ratio,
        strata=strata,
        after=block.text("after"),
        cluster=block.optional_text("cluster"),
        minimisation=minimisation if method == "minimisation" else None,
        inline=inline,
    )


def _read_minimisation(block: Block | None, strata: Sequence[str]) -> Minimisation:
    weights = dict.fromkeys((factor for factor in strata if factor), 1.0)
    if block is None:
        return Minimisation(weights, _PROBABILITY, "range")
    for factor, weight in block.mapping("weights").items():
        field = f"weights.{factor}"
        if unknown(block, field, factor, strata, "stratum"):
            continue
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            block.fault(field, "A number is expected.", f"Write for instance {factor}: 2.")
        elif not 0 < weight <= _LARGEST_WEIGHT:
            block.fault(
                field,
                f"A weight lies above 0, up to {_LARGEST_WEIGHT}.",
                f"Write for instance {factor}: 2; leave a factor without weight out of 'strata'.",
            )
        else:
            weights[factor] = float(weight)
    probability = block.number("probability")
    if probability is not None and not 0.5 < probability <= 1:
        block.fault(
            "probability",
            "The arm that balances best needs a probability above 0.5, up to 1.",
            f"Write for instance probability: {_PROBABILITY}.",
        )
    return Minimisation(
        weights=weights,
        probability=_PROBABILITY if probability is None else probability,
        imbalance=block.one_of("imbalance", _IMBALANCES) if block.has("imbalance") else "range",
    )


def _read_inline(block: Block, unit: int) -> InlineSettings:
    """Read settings in the open; ``unit`` is the sum of the ratio, of which blocks are made."""
    sizes: list[int] = []
    for index, size in enumerate(block.sequence("block_sizes")):
        field = f"block_sizes[{index}]"
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= _LARGEST_BLOCK:
            block.fault(
                field, f"A whole number from 1 to {_LARGEST_BLOCK} is expected.", "Correct it."
            )
            continue
        if unit and size % unit:
            block.fault(
                field,
                f"A block of {size} cannot hold the arms in their ratio.",
                f"Use multiples of {unit}, the sum of the ratio.",
            )
        elif size in sizes:
            block.fault(field, f"{size} is listed twice.", "Remove one of the two.")
        sizes.append(size)
    lists = block.lists_in("lists")
    for name, arms in lists.items():
        if not arms and not block.faulty(f"lists.{name}"):
            block.fault(f"lists.{name}", "The list is empty.", "Name arms in order: [a, b, ...].")
    if block.usable and not sizes and not lists and not block.faulty():
        block.fault("", "No settings are given.", "Add block_sizes or lists, or remove 'sealed'.")
    return InlineSettings(tuple(sizes), lists)


def _check_method(block: Block, method: RandomisationMethod, strata: Sequence[str]) -> None:
    """Note what does not go with the method of randomisation."""
    if method == "simple" and strata:
        block.fault(
            "strata",
            "Simple randomisation has no strata.",
            "Remove 'strata', or write method: permuted_blocks or minimisation.",
        )
    if method == "minimisation" and block.has("cluster"):
        block.fault(
            "cluster",
            "Clusters cannot be allocated by minimisation.",
            "Remove 'cluster', or write method: permuted_blocks.",
        )
    elif method == "minimisation" and not strata and not block.faulty("strata"):
        block.fault(
            "strata",
            "Minimisation needs factors to balance.",
            "List at least one under 'strata', for instance [site].",
        )
    if method != "minimisation" and block.has("minimisation"):
        block.fault(
            "minimisation",
            f"These are settings of minimisation, but the method is {method}.",
            "Remove the block, or write method: minimisation.",
        )


def _check_inline(block: Block, method: RandomisationMethod, inline: InlineSettings) -> None:
    for field, given, owner in (
        ("block_sizes", inline.block_sizes, "permuted_blocks"),
        ("lists", inline.lists, "list"),
    ):
        if given and method != owner:
            block.fault(
                f"sealed.{field}",
                f"'{field}' belongs to the method {owner}, but the method is {method}.",
                f"Remove the field, or write method: {owner}.",
            )


def check_arms(root: Block, protocol: Protocol) -> None:
    """Note programmes and waves of arms that there are not, or that come too early."""
    for arm in protocol.arms.values():
        base = f"arms.{arm.id}"
        if arm.programme is not None:
            unknown(root, f"{base}.programme", arm.programme, protocol.programmes, "programme")
        if arm.crossover is not None:
            name, field = arm.crossover.programme, f"{base}.crossover.programme"
            unknown(root, field, name, protocol.programmes, "programme")
            if arm.crossover.after is not None:
                _check_crossover_wave(root, protocol, arm.id, arm.crossover.after)


def _check_crossover_wave(root: Block, protocol: Protocol, arm: str, after: str) -> None:
    field = f"arms.{arm}.crossover.after"
    waves = [wave.id for wave in protocol.waves]
    if unknown(root, field, after, waves, "wave") or after not in waves:
        return
    if hangs_on_programme(protocol, after):
        root.fault(
            field,
            f"The wave {after!r} counts from a programme, which does not start before the "
            "crossover.",
            "Name a wave that counts from enrolment or randomisation.",
        )
    reason = may_never_come(protocol, after)
    if reason is not None:
        root.fault(field, f"{reason} They would never cross over.", _CROSSOVER_REMEDY)
    plan = protocol.randomisation
    if plan is None or plan.after not in waves:
        return
    if waves.index(after) <= waves.index(plan.after):
        root.fault(
            field,
            f"The crossover after {after!r} would come before the arms differ.",
            f"Name a wave that comes after {plan.after!r}.",
        )


def check_randomisation(root: Block, protocol: Protocol) -> None:
    """Note a randomisation that does not fit the study, its arms, waves or questions."""
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
    _check_wave_before(root, protocol, plan)
    _check_ratio(root, protocol, plan)
    if not root.faulty("eligibility.items"):
        _check_cluster(root, protocol, plan)
        _check_strata(root, protocol, plan)
    if plan.inline is not None:
        _check_lists(root, protocol, plan, plan.inline)


def _check_wave_before(root: Block, protocol: Protocol, plan: RandomisationPlan) -> None:
    field, waves = "randomisation.after", [wave.id for wave in protocol.waves]
    unknown(root, field, plan.after, waves, "wave")
    if plan.after in waves and hangs_on_programme(protocol, plan.after):
        root.fault(
            field,
            f"The wave {plan.after!r} counts from a programme, and none starts before the "
            "randomisation.",
            "Name a wave that counts from enrolment.",
        )
    reason = may_never_come(protocol, plan.after) if plan.after in waves else None
    if reason is not None:
        root.fault(
            field,
            f"{reason} They would never be randomised.",
            "Name a wave that counts from enrolment.",
        )
    elif plan.after in waves and protocol.wave(plan.after).occurrences > 1:
        root.fault(
            field,
            f"The wave {plan.after!r} comes more than once.",
            "Name a wave that comes once.",
        )


def _check_ratio(root: Block, protocol: Protocol, plan: RandomisationPlan) -> None:
    for arm in plan.ratio:
        unknown(root, f"randomisation.ratio.{arm}", arm, protocol.arms, "arm")
    for arm in protocol.arms:
        if plan.ratio and arm not in plan.ratio:
            root.fault(
                "randomisation.ratio",
                f"The ratio leaves out the arm {arm!r}.",
                f"Add {arm}: 1, or remove the arm.",
            )


def _check_cluster(root: Block, protocol: Protocol, plan: RandomisationPlan) -> None:
    field = "randomisation.cluster"
    if plan.cluster and plan.cluster != SITE and not root.faulty(field):
        find_factor(root, field, plan.cluster, protocol.eligibility.items, "clusters", [SITE])


def _check_strata(root: Block, protocol: Protocol, plan: RandomisationPlan) -> None:
    for index, name in enumerate(plan.strata):
        field = f"randomisation.strata[{index}]"
        if name and name in plan.strata[:index]:
            root.fault(field, f"{name!r} is listed twice.", "Remove one of the two.")
        elif plan.cluster is not None and (plan.cluster == SITE or name != SITE):
            root.fault(
                field,
                f"Whole clusters are allocated, and {name!r} does not tell one from another."
                if name == SITE
                else f"Whole clusters are allocated, and people in one can differ in {name!r}.",
                "Remove it."
                if plan.cluster == SITE
                else "Remove it; the strata of clusters can only be [site].",
            )
        elif name and name != SITE:
            find_factor(root, field, name, protocol.eligibility.items, "strata", [SITE])


def _check_lists(
    root: Block, protocol: Protocol, plan: RandomisationPlan, inline: InlineSettings
) -> None:
    base = "randomisation.sealed.lists"
    for name, arms in inline.lists.items():
        for index, arm in enumerate(arms):
            unknown(root, f"{base}.{name}[{index}]", arm, protocol.arms, "arm")
    sources = (base, "randomisation.strata", "eligibility.items", "sites")
    if not inline.lists or any(root.faulty(field) for field in sources):
        return
    levels = {
        item.id: [option.value for option in item.options] for item in protocol.eligibility.items
    }
    levels[SITE] = list(protocol.sites)
    parts = [[f"{factor}={level}" for level in levels.get(factor, [])] for factor in plan.strata]
    for name in inline.lists:
        if not _is_stratum(name, parts):
            example = next(("|".join(names) for names in product(*parts)), "") or ALL
            root.fault(
                f"{base}.{name}",
                f"There is no stratum {name[:60]!r}.",
                f"Name the lists by stratum, such as {example}.",
            )
    strata = ("|".join(names) or ALL for names in product(*parts))
    missing = [name for name in islice(strata, len(inline.lists) + 1) if name not in inline.lists]
    if missing and not root.faulty(base):
        root.fault(
            base,
            f"The stratum {missing[0]!r} has no list, so that nobody in it could be randomised.",
            "Give every stratum a list.",
        )


def _is_stratum(name: str, parts: Sequence[Sequence[str]]) -> bool:
    if not parts:
        return name == ALL
    given = name.split("|")
    return len(given) == len(parts) and all(
        part in known for part, known in zip(given, parts, strict=True)
    )
