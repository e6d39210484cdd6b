"""Sections about the course of the study: messages, analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from longwave.domain.lifecycle.states import Channel
from longwave.domain.protocol.block import Block, check_unique
from longwave.domain.protocol.messaging import Allowance, MessageRules
from longwave.domain.protocol.model import (
    Analysis,
    PrecedenceAnalysis,
    TreatmentAnalysis,
)
from longwave.domain.protocol.waves import read_reminders

MODELS = ("clpm", "clpm_lag2", "riclpm")
EQUALITIES = ("lags", "lags_across_groups")
_ESTIMATORS: tuple[Literal["ML", "MLR"], ...] = ("ML", "MLR")
_MISSING: tuple[Literal["fiml", "listwise"], ...] = ("fiml", "listwise")
_GROUPS: tuple[Literal["arm"], ...] = ("arm",)
_BUDGETS = ("reminders", "prompts")
_MOST_MESSAGES = 1000
_ANALYSIS_KINDS = ("precedence", "treatment")
_POPULATIONS = ("all_randomised", "per_protocol")
_STRATEGIES = (
    "treatment_policy",
    "hypothetical",
    "composite",
    "while_on_treatment",
    "principal_stratum",
)


def read_messages(block: Block | None) -> MessageRules:
    """Read when reminders go out; without the block, none do."""
    if block is None:
        return MessageRules(reminders=(), quiet_hours=None)
    times = block.times("quiet_hours")
    quiet: tuple[str, str] | None = None
    if block.has("quiet_hours") and not block.faulty("quiet_hours"):
        if len(times) == 2 and times[0] != times[1]:
            quiet = (times[0], times[1])
        else:
            block.fault(
                "quiet_hours",
                "Quiet hours have a beginning and an end that differ.",
                'Write two times of day: ["21:00", "08:00"].',
            )
    return MessageRules(
        reminders=read_reminders(block),
        quiet_hours=quiet,
        budget=_read_budget(block),
        channels=_read_channels(block),
    )


def _read_channels(block: Block) -> tuple[Channel, ...]:
    """Read by what participants may be reached: by mail, if nothing is said."""
    if not block.has("channels"):
        return (Channel.EMAIL,)
    found = block.texts_in("channels")
    known = [str(channel) for channel in Channel]
    if block.faulty("channels"):
        return (Channel.EMAIL,)
    if not found or len(set(found)) < len(found) or not set(found) <= set(known):
        block.fault(
            "channels",
            f"{', '.join(found)[:80] or 'Nothing'} is no list of ways to reach somebody.",
            "Write [email], [sms] or [email, sms], the usual way first.",
        )
        return (Channel.EMAIL,)
    return tuple(Channel(name) for name in found)


def _read_budget(block: Block) -> dict[str, Allowance]:
    """Read how often somebody may be written to, by what is counted."""
    budget = block.block("budget", "budget")
    if budget is None or not budget.usable:
        return {}
    found = {
        name: _read_allowance(allowance)
        for name in _BUDGETS
        if (allowance := budget.block(name, "allowance")) is not None
    }
    if not found and not budget.faulty():
        budget.fault("", "No budget is given.", "Add reminders or prompts, or remove 'budget'.")
    return found


def _read_allowance(block: Block) -> Allowance:
    per = block.duration("per")
    if block.has("per") and not block.faulty("per") and not per.nominal_days():
        block.fault("per", "The span has no length.", "Write for instance P7D.")
    return Allowance(count=block.integer("count", 1, _MOST_MESSAGES), per=per)


def read_analysis(root: Block) -> tuple[Analysis, ...]:
    """Read the analyses that are fixed before there are data."""
    found: list[Analysis] = []
    blocks: list[Block] = []
    for index, data in enumerate(root.sequence("analysis")):
        path = f"analysis[{index}]"
        kind = data.get("kind", "precedence") if isinstance(data, dict) else "precedence"
        if kind == "treatment":
            blocks.append(Block(root.document, path, data, "treatment", root.faults))
            found.append(_read_treatment(blocks[-1]))
        else:
            blocks.append(Block(root.document, path, data, "precedence", root.faults))
            found.append(_read_precedence(blocks[-1]))
    check_unique(blocks, [analysis.id for analysis in found])
    return tuple(found)


def _read_precedence(block: Block) -> PrecedenceAnalysis:
    if block.has("kind"):
        block.one_of("kind", _ANALYSIS_KINDS)
    models = _listed_once(block, "models", MODELS)
    if block.has("models") and not models and not block.faulty("models"):
        block.fault("models", "There is no model.", f"List one or more of {', '.join(MODELS)}.")
    return PrecedenceAnalysis(
        id=block.identifier("id"),
        models=models,
        variables=_read_variables(block),
        waves=block.texts_in("waves"),
        estimator=block.one_of("estimator", _ESTIMATORS),
        missing=block.one_of("missing", _MISSING),
        group=block.one_of("group", _GROUPS) if block.has("group") else None,
        equal=_listed_once(block, "equal", EQUALITIES) if block.has("equal") else (),
    )


def _listed_once(block: Block, field: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Read a list of known words, each at most once."""
    words = block.texts_in(field)
    for index, word in enumerate(words):
        if word and word not in known:
            block.fault(
                f"{field}[{index}]",
                f"There is no {word[:60]!r} among the {field}.",
                f"Write one or more of {', '.join(known)}.",
            )
        elif word and word in words[:index]:
            block.fault(f"{field}[{index}]", f"{word!r} is listed twice.", "Remove one of them.")
    return words


def _read_variables(block: Block) -> Mapping[str, str]:
    variables = block.text_map("variables")
    for name in variables:
        block.check_identifier(f"variables.{name}", name)
    if block.has("variables") and len(variables) < 2 and not block.faulty("variables"):
        block.fault(
            "variables",
            "Precedence is a question about two or more variables.",
            "Name at least two: {first: instrument.scale, second: instrument.scale}.",
        )
    scores = list(variables.values())
    for index, (name, score) in enumerate(variables.items()):
        if score and score in scores[:index]:
            block.fault(
                f"variables.{name}",
                f"{score!r} is used twice.",
                "Give each variable its own score.",
            )
    return variables


def _read_treatment(block: Block) -> TreatmentAnalysis:
    estimand = block.block("estimand", "estimand")
    alpha = block.number("alpha")
    if alpha is not None and not 0 < alpha < 1:
        block.fault("alpha", "The level lies between 0 and 1.", "Write for instance alpha: 0.05.")
    return TreatmentAnalysis(
        id=block.identifier("id"),
        outcome=estimand.text("outcome") if estimand else "",
        wave=estimand.text("wave") if estimand else "",
        population=estimand.one_of("population", _POPULATIONS) if estimand else "",
        intercurrent=estimand.one_of("intercurrent", _STRATEGIES) if estimand else "",
        alpha=0.05 if alpha is None else alpha,
    )
