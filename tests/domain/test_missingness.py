"""Every absent value has one reason: the first that applies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from longwave.domain.missingness import (
    EXPLANATIONS,
    AssessmentFacts,
    AssessmentGap,
    ItemGap,
    PersonFacts,
    ScoreGap,
    assessment_gap,
    item_gap,
    score_gap,
)

DAY = timedelta(days=1)
OPENS = datetime(2024, 5, 1, 9, tzinfo=UTC)
CLOSES = OPENS + 14 * DAY
LATER = CLOSES + 30 * DAY


def facts(status="expired", **changes):
    return AssessmentFacts(status=status, opens_at=OPENS, closes_at=CLOSES, **changes)


SENT = frozenset({"sent"})
FAILED = frozenset({"failed"})
BEFORE, AFTER = OPENS - DAY, CLOSES + DAY

CASES = [
    ("begun", PersonFacts(), facts("completed", started_at=OPENS), LATER, None),
    ("begun, then withdrew", PersonFacts("withdrawn", OPENS + DAY),
     facts("partial", started_at=OPENS), LATER, None),
    ("erased", PersonFacts("deceased", erased=True), facts("completed", started_at=OPENS), LATER,
     "erased"),
    ("died before", PersonFacts("deceased"), facts("cancelled"), LATER, "deceased"),
    ("died after it expired", PersonFacts("deceased"), facts(invitations=SENT), LATER, "unopened"),
    ("died before it was planned", PersonFacts("deceased"), None, LATER, "deceased"),
    ("withdrew before", PersonFacts("withdrawn", BEFORE), facts("cancelled"), LATER, "withdrawn"),
    ("withdrew in the window", PersonFacts("withdrawn", CLOSES), facts("cancelled"), LATER,
     "withdrawn"),
    ("withdrew after it expired", PersonFacts("withdrawn", AFTER), facts(invitations=SENT), LATER,
     "unopened"),
    ("withdrew before it was planned", PersonFacts("withdrawn", BEFORE), None, LATER, "withdrawn"),
    ("lost", PersonFacts("lost"), facts("cancelled"), LATER, "lost"),
    ("lost after it expired", PersonFacts("lost"), facts(invitations=SENT), LATER, "unopened"),
    ("never planned", PersonFacts(), None, LATER, "not_planned"),
    ("not due", PersonFacts(), facts("scheduled"), BEFORE, "not_due"),
    ("pending", PersonFacts(), facts("open", invitations=SENT), OPENS, "pending"),
    ("pending though opened", PersonFacts(), facts("open", opened_at=OPENS), OPENS + DAY,
     "pending"),
    ("cancelled ahead", PersonFacts(), facts("cancelled"), BEFORE, "cancelled"),
    ("cancelled", PersonFacts(), facts("cancelled", invitations=SENT), LATER, "cancelled"),
    ("paused", PersonFacts(pauses=((BEFORE, True),)), facts(), LATER, "paused"),
    ("paused after it was sent", PersonFacts(pauses=((OPENS, True),)), facts(invitations=SENT),
     LATER, "unopened"),
    ("resumed before it closed", PersonFacts(pauses=((BEFORE, True), (OPENS, False))), facts(),
     LATER, "not_sent"),
    ("paused after it closed", PersonFacts(pauses=((AFTER, True),)), facts(), LATER, "not_sent"),
    ("not sent", PersonFacts(), facts(invitations=frozenset({"cancelled"})), LATER, "not_sent"),
    ("bounced", PersonFacts(), facts(invitations=FAILED), LATER, "bounced"),
    ("one bounced, one arrived", PersonFacts(), facts(invitations=SENT | FAILED), LATER,
     "unopened"),
    ("sent, and came back", PersonFacts(), facts(invitations=frozenset({"bounced"})), LATER,
     "bounced"),
    ("one came back, one did not", PersonFacts(), facts(invitations=SENT | {"bounced"}), LATER,
     "unopened"),
    ("held for a dead address", PersonFacts(dead_addresses=((BEFORE, True),)), facts(), LATER,
     "bounced"),
    ("paused, and dead besides", PersonFacts(pauses=((BEFORE, True),),
     dead_addresses=((BEFORE, True),)), facts(), LATER, "paused"),
    ("another address in time", PersonFacts(dead_addresses=((BEFORE, True), (OPENS, False))),
     facts(), LATER, "not_sent"),
    ("dead after it closed", PersonFacts(dead_addresses=((AFTER, True),)), facts(), LATER,
     "not_sent"),
    ("perhaps delivered", PersonFacts(), facts(invitations=frozenset({"uncertain"})), LATER,
     "unopened"),
    ("unopened", PersonFacts(), facts(invitations=SENT), LATER, "unopened"),
    ("opened", PersonFacts(), facts(opened_at=OPENS, invitations=SENT), LATER, "opened"),
    ("over, but not yet swept", PersonFacts(), facts("open", invitations=SENT), CLOSES,
     "unopened"),
    ("begun after the cut-off", PersonFacts(), facts("started", started_at=OPENS + 2 * DAY),
     OPENS + DAY, "pending"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("person", "assessment", "cut_off", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_reason_why_an_assessment_was_not_begun(person, assessment, cut_off, expected):
    assert assessment_gap(person, assessment, cut_off) == expected


ITEMS = [
    ({}, "not_reached"),
    ({"passed": True}, "skipped"),
    ({"recorded": "skipped"}, "skipped"),
    ({"recorded": "refused", "passed": True}, "refused"),
    ({"invalidated": True, "passed": True}, "invalidated"),
    ({"recorded": "refused", "invalidated": True}, "refused"),
    ({"recorded": "withheld"}, "withheld"),
    ({"shown": False, "recorded": "refused"}, "not_shown"),
    ({"in_version": False, "shown": False, "passed": True}, "not_in_version"),
]


@pytest.mark.parametrize(("known", "expected"), ITEMS)
def test_the_reason_why_an_item_has_no_value(known, expected):
    assert item_gap(**known) == expected


@pytest.mark.parametrize(
    ("value", "assessment", "in_version", "expected"),
    [
        (3.5, None, True, None),
        (None, None, True, "too_few_items"),
        (None, None, False, "not_in_version"),
        (None, AssessmentGap.LOST, True, "lost"),
        (None, AssessmentGap.NOT_DUE, False, "not_due"),
    ],
)
def test_the_reason_why_a_scale_has_no_score(value, assessment, in_version, expected):
    assert score_gap(value, assessment=assessment, in_version=in_version) == expected


def test_every_reason_is_explained_and_reached():
    codes = {*AssessmentGap, *ItemGap, *ScoreGap}
    assert set(EXPLANATIONS) == codes
    assert {case[-1] for case in CASES} == {None, *AssessmentGap}
    assert {expected for _, expected in ITEMS} == {*ItemGap}
