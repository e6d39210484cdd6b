"""Contact budgets: a reminder too many waits for room, or is not sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.crowd import gather
from factories.outbox import Outbox
from sqlmodel import select

from longwave.domain.messages import Kind
from longwave.services import timeline
from longwave.storage.tables import Message, Participant

QUIET = '  quiet_hours: ["21:00", "08:00"]\n'
ONE_A_WEEK = {QUIET: f"{QUIET}  budget: {{reminders: {{count: 1, per: P7D}}}}\n"}
ONE_PROMPT_A_DAY = {QUIET: f"{QUIET}  budget: {{prompts: {{count: 1, per: P1D}}}}\n"}


@pytest.fixture
def thrifty(make_lab):
    return make_lab(ONE_A_WEEK)


def wait_days(lab, days):
    for _ in range(days):
        lab.wait(days=1)


def reminders(lab):
    rows = [row for row in lab.rows(Message) if row.kind == "reminder"]
    return [(row.step, row.state, row.reason) for row in rows]


def test_a_reminder_over_the_budget_waits_for_room_and_is_sent_then(thrifty):
    """The trial reminds after three and after seven days; its baseline is open for fourteen."""
    lab = thrifty
    lab.enrol()
    wait_days(lab, 7)
    first, second = (row for row in lab.rows(Message) if row.kind == "reminder")
    assert first.state == "sent" and second.state == "pending"
    assert second.reason == "budget"
    assert second.due_at == first.settled_at + timedelta(days=7)
    assert second.planned_at < second.due_at
    wait_days(lab, 4)
    second = next(row for row in lab.rows(Message) if row.id == second.id)
    assert second.state == "sent"
    assert second.settled_at - first.settled_at >= timedelta(days=7)


def test_a_reminder_that_would_find_room_too_late_is_not_sent(make_lab):
    lab = make_lab({QUIET: f"{QUIET}  budget: {{reminders: {{count: 1, per: P12D}}}}\n"})
    lab.enrol()
    wait_days(lab, 8)
    assert reminders(lab)[1] == ("w0:reminder-2", "cancelled", "budget")


def test_the_budget_counts_all_reminders_to_a_person_and_no_invitation(thrifty):
    lab = thrifty
    person = lab.enrol()
    wait_days(lab, 4)
    assert len(lab.transport.mails) == 2
    lab.act(person, _ask_again)
    lab.clockwork.dispatch()
    assert len(lab.transport.mails) == 3
    other = lab.enrol()
    wait_days(lab, 4)
    theirs = [row for row in lab.rows(Message) if row.participant_id == other]
    assert [row.state for row in theirs if row.step == "w0:reminder-1"] == ["sent"]


def _ask_again(session, person, now):
    timeline.send_open_link_again(session, person, now=now)


def test_a_reminder_that_may_have_arrived_counts_too(thrifty):
    lab = thrifty
    lab.enrol()
    wait_days(lab, 4)
    with lab.database.writing() as session:
        session.exec(
            select(Message).where(Message.step == "w0:reminder-1")
        ).one().state = "uncertain"
    wait_days(lab, 4)
    assert reminders(lab)[1][1:] == ("pending", "budget")


def test_two_reminders_of_one_person_in_one_batch_are_one_too_many(make_lab):
    lab = make_lab(ONE_A_WEEK)
    gather(lab, 1, Kind.REMINDER)
    with lab.database.writing() as session:
        first = session.exec(select(Message)).one()
        copy = first.model_dump(exclude={"id"})
        session.add(
            Message(**{**copy, "step": "w1:reminder-1", "mail_id": "b", "assessment_id": None})
        )
    box = Outbox(lab)
    assert [one.step for one in box.claim().claimed] == ["w0:reminder-1"]
    assert box.found("reason", step="w1:reminder-1") == [("budget",)]


def test_prompts_have_a_budget_of_their_own_and_are_of_no_use_the_day_after(make_lab):
    lab = make_lab(ONE_PROMPT_A_DAY)
    gather(lab, 1, Kind.PROGRAMME_PROMPT)
    with lab.database.writing() as session:
        row = session.exec(select(Message)).one()
        sent = row.model_dump(exclude={"id"})
        sent |= {"state": "sent", "settled_at": lab.now - timedelta(hours=2), "mail_id": "sent"}
        session.add(Message(**{**sent, "step": "yesterday"}))
    box = Outbox(lab)
    assert box.claim().claimed == ()
    assert box.found("state", "reason", step="w0:programme_prompt") == [("cancelled", "budget")]


def test_a_prompt_that_an_outage_made_late_is_not_sent(make_lab):
    lab = make_lab(ONE_PROMPT_A_DAY)
    gather(lab, 1, Kind.PROGRAMME_PROMPT)
    lab.now += timedelta(hours=13)
    box = Outbox(lab)
    assert box.claim().claimed == ()
    assert box.found("state", "reason") == [("cancelled", "stale")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_somebody_else_decides_about_a_person_her_reminder_waits(make_lab):
    lab = make_lab(ONE_A_WEEK)
    gather(lab, 1, Kind.REMINDER)
    box = Outbox(lab)
    with lab.database.writing() as other:
        other.exec(select(Participant).with_for_update()).one()
        batch = box.claim()
        assert batch.claimed == () and not batch.has_changed
    assert len(box.claim().claimed) == 1
