"""Whether the answers to the screening questions let somebody take part, and whether there is room.

The verdict is *unknown*, which is no refusal, as long as it depends on a missing answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from longwave.domain.instrument import Item
from longwave.domain.protocol.model import Cap, Eligibility
from longwave.domain.rules import compile_rule, item_variables

RULE = "rule"
"""The reason of an exclusion by the rule, where no criterion of a name of its own failed."""

FULL = "full"
"""The reason of an exclusion for want of room."""

Answers = Mapping[str, str | float | None]
"""Answers to the screening questions by item; None where there is none."""


class Verdict(StrEnum):
    """What the criteria say; ``unknown`` when they depend on a missing answer."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and of the ineligible the reason: a criterion's id, or `RULE`."""

    verdict: Verdict
    reason: str | None = None


def judge(plan: Eligibility, answers: Answers) -> Judgement:
    """Apply every criterion and the rule to answers.

    Somebody for whom one of them fails is ineligible, whatever else is unknown; the reason is
    the first criterion of the protocol that fails, else the rule.

    Parameters
    ----------
    plan
        The screening questions, and the criteria and the rule over their answers.
    answers
        Answer by item: the option's value for a choice, a number (or its digits) otherwise.
        An answer that is None, left out, or not a number where one is asked for, is missing.

    Raises
    ------
    RuleError
        If a rule is unusable; a checked protocol's never is.
    """
    values = {item.id: _value(item, answers.get(item.id)) for item in plan.items}
    variables = item_variables(plan.items)
    rules = [(criterion.id, criterion.rule) for criterion in plan.criteria]
    if plan.rule is not None:
        rules.append((RULE, plan.rule))
    outcomes = [(reason, compile_rule(rule, variables).outcome(values)) for reason, rule in rules]
    for reason, outcome in outcomes:
        if outcome is False:
            return Judgement(Verdict.INELIGIBLE, reason)
    unknown = any(outcome is None for _, outcome in outcomes)
    return Judgement(Verdict.UNKNOWN if unknown else Verdict.ELIGIBLE)


def caps_for(plan: Eligibility, site: str, answers: Answers) -> tuple[Cap, ...]:
    """Return the caps that count somebody at ``site`` with these answers."""
    return tuple(
        cap
        for cap in plan.caps
        if cap.site in (None, site)
        and all(answers.get(item) == value for item, value in cap.stratum.items())
    )


def cap_name(cap: Cap) -> str:
    """Return what the trail calls a cap: ``total``, or ``factor=level`` joined by ``|``."""
    parts = [f"site={cap.site}"] if cap.site is not None else []
    parts += [f"{item}={value}" for item, value in sorted(cap.stratum.items())]
    return "|".join(parts) or "total"


def _value(item: Item, answer: str | float | None) -> str | float | None:
    if answer is None or answer == "":
        return None
    if item.kind == "choice":
        return str(answer)
    try:
        number = float(answer)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
