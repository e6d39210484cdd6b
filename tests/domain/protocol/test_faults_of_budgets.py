"""What can be wrong about contact budgets, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault, change

from longwave.domain.duration import Duration
from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.amendment import not_amendable
from longwave.domain.protocol.messaging import Allowance

QUIET = "  quiet_hours: [21:00, 08:00]\n"
BUDGET = f"""{QUIET}\
  budget:
    reminders: {{count: 3, per: P7D}}
    prompts: {{count: 1, per: P1D}}
"""


@pytest.fixture
def thrifty(small: dict[str, bytes]) -> dict[str, bytes]:
    """The small study with contact budgets."""
    return change(small, Broken("", QUIET, BUDGET, "", ""))


def test_budgets_are_read_by_what_they_count(thrifty: dict[str, bytes]) -> None:
    assert read_protocol(thrifty).messages.budget == {
        "reminders": Allowance(3, Duration(days=7)),
        "prompts": Allowance(1, Duration(days=1)),
    }


def test_without_budgets_there_are_none(small: dict[str, bytes]) -> None:
    assert read_protocol(small).messages.budget == {}


def test_a_budget_is_part_of_the_hash_and_may_be_amended(
    small: dict[str, bytes], thrifty: dict[str, bytes]
) -> None:
    before, after = read_protocol(small), read_protocol(thrifty)
    assert before.hash != after.hash
    assert not_amendable(before, after) == []


CASES = [
    Broken("messages.budget.reminders.count", "count: 3", "count: 0", "from 1 to 1000", "digits"),
    Broken("messages.budget.reminders.count", "count: 3", "count: few", "whole number", "digits"),
    Broken("messages.budget.reminders.per", "per: P7D", "per: P0D", "no length", "P7D"),
    Broken("messages.budget.reminders.per", "per: P7D", "per: a week", "not an ISO 8601", "P14D"),
    Broken(
        "messages.budget.reminders.per",
        ", per: P7D",
        "",
        "'per' is missing",
        "Add 'per'",
        line="reminders: {count: 3}",
    ),
    Broken("messages.budget.invitations", "prompts:", "invitations:", "no field", "reminders"),
    Broken(
        "messages.budget",
        BUDGET.removeprefix(QUIET),
        "  budget: {}\n",
        "No budget is given",
        "reminders or prompts",
    ),
    Broken(
        "messages.budget",
        BUDGET.removeprefix(QUIET),
        "  budget: 3\n",
        "block of fields",
        "reminders",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_of_a_budget_is_told_with_its_line(thrifty: dict[str, bytes], case: Broken) -> None:
    assert_only_fault(thrifty, case)
