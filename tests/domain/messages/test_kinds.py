"""What is decided by a message's kind alone."""

from __future__ import annotations

import pytest

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.messages import Counted, Kind, Reason, policy_of, reasons
from longwave.domain.messages.kinds import PRIORITIES, priority_of


def test_what_is_urgent_goes_first_then_answers_invitations_reminders_and_prompts():
    order = sorted(Kind, key=lambda kind: policy_of(kind).priority)
    assert set(order[:2]) == {Kind.SAFETY_ALERT, Kind.UNBLINDING_NOTICE}
    assert order[2:] == [
        Kind.CONSENT_COPY,
        Kind.CODE,
        Kind.NEW_ADDRESS_CODE,
        Kind.OLD_ADDRESS_NOTICE,
        Kind.INVITATION,
        Kind.REMINDER,
        Kind.PROGRAMME_PROMPT,
    ]


def test_what_somebody_waits_for_goes_before_what_is_only_due():
    assert priority_of(Kind.INVITATION, at_once=True) < priority_of(Kind.INVITATION, at_once=False)
    assert priority_of(Kind.SAFETY_ALERT, at_once=True) == policy_of(Kind.SAFETY_ALERT).priority


def test_every_kind_has_a_priority_that_is_looked_for():
    assert {policy_of(kind).priority for kind in Kind} == set(PRIORITIES)


@pytest.mark.parametrize("kind", Kind)
def test_only_what_urges_counts_towards_a_budget_and_is_never_sent_twice(kind):
    policy = policy_of(kind)
    urging = {Kind.REMINDER: Counted.REMINDERS, Kind.PROGRAMME_PROMPT: Counted.PROMPTS}
    assert policy.budget == urging.get(kind)
    assert policy.resend == (kind not in urging)


def test_only_prompts_and_codes_go_stale_by_themselves():
    stale = [kind for kind in Kind if policy_of(kind).fresh]
    assert stale == [Kind.CODE, Kind.NEW_ADDRESS_CODE, Kind.PROGRAMME_PROMPT]


def test_nothing_goes_out_while_messages_are_paused_but_what_its_reader_asked_for():
    about_codes = [Kind.CODE, Kind.NEW_ADDRESS_CODE, Kind.OLD_ADDRESS_NOTICE]
    assert [kind for kind in Kind if policy_of(kind).while_paused] == about_codes
    assert [kind for kind in Kind if policy_of(kind).elsewhere] == about_codes[1:]


def test_the_end_of_an_assessment_says_why_nothing_more_is_sent():
    assert reasons.of_ending(AssessmentStatus.COMPLETED) == Reason.COMPLETED
    assert reasons.of_ending(AssessmentStatus.PARTIAL) == Reason.EXPIRED
    assert reasons.of_ending(AssessmentStatus.EXPIRED) == Reason.EXPIRED
    assert reasons.of_ending(AssessmentStatus.CANCELLED) == Reason.CANCELLED


def test_leaving_says_why_nothing_more_is_sent():
    told = {state: reasons.of_leaving(state) for state in FollowUp}
    assert told[FollowUp.WITHDRAWN] == Reason.WITHDRAWN
    assert told[FollowUp.LOST] == Reason.LOST
    assert told[FollowUp.DECEASED] == Reason.DECEASED
