"""Who may take part: the rule's verdict, also where answers are missing."""

from __future__ import annotations

import time

import pytest

from longwave.domain.eligibility import Judgement, Verdict, cap_name, caps_for, judge
from longwave.domain.instrument import Item, Option
from longwave.domain.protocol.model import Cap, Criterion, Eligibility
from longwave.domain.rules import RuleError, compile_rule

ITEMS = (
    Item("age", "number", {}, minimum=0, maximum=120),
    Item("licensed", "choice", {}, options=(Option("yes", {}), Option("no", {}))),
    Item("strain", "likert", {}, options=(Option("1", {}), Option("2", {}))),
)
ADULT = "age >= 18 && licensed == 'yes'"


@pytest.mark.parametrize(
    ("rule", "answers", "verdict"),
    [
        (ADULT, {"age": 18.0, "licensed": "yes"}, Verdict.ELIGIBLE),
        (ADULT, {"age": 17.0, "licensed": "yes"}, Verdict.INELIGIBLE),
        (ADULT, {"age": 40.0, "licensed": "no"}, Verdict.INELIGIBLE),
        (ADULT, {"age": "18", "licensed": "yes"}, Verdict.ELIGIBLE),
        # a missing value leaves open what depends on it, and only that
        (ADULT, {"age": None, "licensed": "yes"}, Verdict.UNKNOWN),
        (ADULT, {"licensed": "yes"}, Verdict.UNKNOWN),
        (ADULT, {"age": "", "licensed": "yes"}, Verdict.UNKNOWN),
        (ADULT, {"age": "forty", "licensed": "yes"}, Verdict.UNKNOWN),
        (ADULT, {"age": float("nan"), "licensed": "yes"}, Verdict.UNKNOWN),
        (ADULT, {}, Verdict.UNKNOWN),
        (ADULT, {"licensed": "no"}, Verdict.INELIGIBLE),
        ("licensed == 'yes' && age >= 18", {"licensed": "no"}, Verdict.INELIGIBLE),
        ("age < 18 || licensed == 'yes'", {"licensed": "yes"}, Verdict.ELIGIBLE),
        ("age < 18 || licensed == 'yes'", {"licensed": "no"}, Verdict.UNKNOWN),
        ("!(age < 18)", {}, Verdict.UNKNOWN),
        # whole numbers mean what they say
        ("age == 18", {"age": 18}, Verdict.ELIGIBLE),
        ("age + 2 > 19.5", {"age": 18.0}, Verdict.ELIGIBLE),
        ("age in [18, 19]", {"age": 19.0}, Verdict.ELIGIBLE),
        ("strain >= 2", {"strain": "2"}, Verdict.ELIGIBLE),
        ("size(licensed) > 2", {"licensed": "yes"}, Verdict.ELIGIBLE),
        ("licensed != '18' && age > 17", {"licensed": "x", "age": 18.0}, Verdict.ELIGIBLE),
    ],
)
def test_verdict(rule: str, answers: dict[str, str | float | None], verdict: Verdict) -> None:
    assert judge(Eligibility(ITEMS, rule), answers).verdict is verdict


CRITERIA = (
    Criterion("adult", {}, "age >= 18"),
    Criterion("clinician", {}, "licensed == 'yes'"),
)


@pytest.mark.parametrize(
    ("answers", "judgement"),
    [
        ({"age": 40, "licensed": "yes", "strain": "1"}, Judgement(Verdict.ELIGIBLE)),
        ({"age": 17, "licensed": "no"}, Judgement(Verdict.INELIGIBLE, "adult")),
        ({"age": 40, "licensed": "no"}, Judgement(Verdict.INELIGIBLE, "clinician")),
        ({"age": 40, "licensed": "yes", "strain": "2"}, Judgement(Verdict.INELIGIBLE, "rule")),
        # whoever fails one criterion is not asked for the answers to another
        ({"licensed": "no"}, Judgement(Verdict.INELIGIBLE, "clinician")),
        ({"licensed": "yes", "strain": "1"}, Judgement(Verdict.UNKNOWN)),
        ({"age": 40, "licensed": "yes"}, Judgement(Verdict.UNKNOWN)),
    ],
)
def test_the_first_criterion_that_fails_is_the_reason(answers, judgement) -> None:
    assert judge(Eligibility(ITEMS, "strain < 2", CRITERIA), answers) == judgement


def test_without_rule_and_criteria_everybody_is_eligible() -> None:
    assert judge(Eligibility(ITEMS, None), {}) == Judgement(Verdict.ELIGIBLE)


CAPS = (
    Cap(9),
    Cap(5, site="north"),
    Cap(3, stratum={"licensed": "yes"}),
    Cap(1, "south", {"licensed": "no"}),
)


@pytest.mark.parametrize(
    ("site", "licensed", "names"),
    [
        ("north", "yes", ["total", "site=north", "licensed=yes"]),
        ("north", "no", ["total", "site=north"]),
        ("south", "no", ["total", "site=south|licensed=no"]),
        ("south", None, ["total"]),
    ],
)
def test_a_cap_counts_whom_it_describes(site, licensed, names) -> None:
    caps = caps_for(Eligibility(ITEMS, None, caps=CAPS), site, {"licensed": licensed})
    assert [cap_name(cap) for cap in caps] == names


def test_an_error_on_the_way_is_unknown() -> None:
    unclear = Eligibility(ITEMS, "double(licensed) > 1")
    assert judge(unclear, {"licensed": "x"}).verdict is Verdict.UNKNOWN


def test_a_rule_that_loops_is_stopped_and_unknown() -> None:
    loop = "[1,2,3,4,5,6,7,8,9,10].all(a, " * 9 + "age > 0" + ")" * 9
    begin = time.monotonic()
    assert judge(Eligibility(ITEMS, loop), {"age": 18.0}).verdict is Verdict.UNKNOWN
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("age >", "Syntax error"),
        ("agee > 18", "undeclared reference to 'agee'"),
        ("age > 'x'", "no matching overload"),
        ("age", "true or false"),
        ("true && " * 1000 + "true", "longer than 2000"),
    ],
)
def test_an_unusable_rule_is_explained(rule: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        judge(Eligibility(ITEMS, rule), {})


def test_a_rule_is_compiled_once() -> None:
    variables = (("score", "number"),)
    assert compile_rule("score > 3", variables) is compile_rule("score > 3", variables)


def test_a_rule_may_name_scores_by_instrument_and_scale() -> None:
    rule = compile_rule("mood.total >= 3", (("mood.total", "number"), ("mood.calm", "number")))
    assert rule.outcome({"mood.total": 3.5}) is True
    assert rule.outcome({"mood.total": 2.0}) is False
    assert rule.outcome({"mood.total": None}) is None
