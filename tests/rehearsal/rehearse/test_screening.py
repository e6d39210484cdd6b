"""Answers to the eligibility questions that pass, found by trying."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from longwave.domain.eligibility import Verdict, judge
from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Item, Option
from longwave.domain.protocol.model import Eligibility
from longwave.rehearsal.rehearse.screening import Passing

AGE = Item("age", "number", {}, minimum=16, maximum=99, required=True)
WARD = Item(
    "ward", "choice", {}, tuple(Option(name, {}) for name in ("a", "b", "c")), required=True
)


def draws(rule: str, *items: Item, n: int = 200, **assumed: object) -> list[dict[str, str]]:
    plan = Eligibility(items, rule)
    passing = Passing(plan, assumed)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    found = [passing.draw(rng) for _ in range(n)]
    assert all(judge(plan, answers).verdict is Verdict.ELIGIBLE for answers in found)
    return found


def test_everybody_passes_and_people_differ() -> None:
    found = draws("age >= 18 && ward != 'c'", AGE, WARD)
    assert {answers["ward"] for answers in found} == {"a", "b"}
    ages = [int(answers["age"]) for answers in found]
    assert min(ages) >= 18 and max(ages) > 90


def test_a_number_that_even_draws_would_hardly_meet_is_found_in_the_rule() -> None:
    count = Item("steps", "number", {}, minimum=0, maximum=1_000_000)
    assert {answers["steps"] for answers in draws("steps == 4242", count, n=3)} == {"4242"}


def test_shares_and_ranges_that_are_assumed_hold() -> None:
    found = draws("true", AGE, WARD, n=1000, age=(30.0, 34.0), ward={"a": 3.0, "b": 1.0})
    assert {answers["age"] for answers in found} == {"30", "31", "32", "33", "34"}
    counts = Counter(answers["ward"] for answers in found)
    # 750 are expected, with a standard deviation of 13.7.
    assert counts["c"] == 0 and abs(counts["a"] - 750) < 60


def test_rules_that_nobody_fulfils_are_told() -> None:
    with pytest.raises(InvalidInputError, match="no answers to the eligibility questions"):
        draws("age > 99", AGE)
