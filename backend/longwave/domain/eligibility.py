"""Whether the answers to the screening questions let somebody take part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

from longwave.domain.instrument import Item
from longwave.domain.protocol.model import Eligibility
from longwave.domain.rules import compile_rule, item_variables


class Verdict(StrEnum):
    """What the eligibility rule says; ``unknown`` when it depends on a missing answer."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    UNKNOWN = "unknown"


def judge(plan: Eligibility, answers: Mapping[str, str | float | None]) -> Verdict:
    """Apply the eligibility rule to answers.

    Parameters
    ----------
    plan
        The screening questions and the rule over their answers.
    answers
        Answer by item: the option's value for a choice, a number (or its digits) otherwise.
        An answer that is None, left out, or not a number where one is asked for, is missing.

    Raises
    ------
    RuleError
        If the rule is unusable; a checked protocol's never is.
    """
    rule = compile_rule(plan.rule or "true", item_variables(plan.items))
    outcome = rule.outcome({item.id: _value(item, answers.get(item.id)) for item in plan.items})
    if outcome is None:
        return Verdict.UNKNOWN
    return Verdict.ELIGIBLE if outcome else Verdict.INELIGIBLE


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
