"""What follows when a message comes back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pandas as pd
import pytest
from factories.lab import OPENER

from longwave.domain.lifecycle import BounceKind, Role
from longwave.notify import Delivery, Outcome
from longwave.services import audit, bounces, contact, erasure, outbox
from longwave.services.export import export_study
from longwave.services.staff import add_staff
from longwave.storage.tables import Bounce, Contact, Event, Message, Participant, Task

HARD, SOFT, COMPLAINT = BounceKind


def everything(*_):
    return True


def report(lab, mail_id, kind=HARD, status="5.1.1", *, allowed=everything):
    with lab.database.writing() as session:
        return bounces.receive(
            session,
            (mail_id,),
            kind,
            status,
            source="mailbox",
            allowed=allowed,
            now=lab.now,
        )


def bounce_last(lab, kind=HARD, status="5.1.1"):
    """Let the mail that was sent last come back."""
    return report(lab, lab.transport.mails[-1].message_id, kind, status)


def invited(lab):
    person = lab.enrol()
    lab.wait(minutes=1)
    return person


def contact_of(lab, person):
    with lab.database.reading() as session:
        return session.get_one(Contact, person)


def mend(lab, person, **change):
    with lab.database.writing() as session:
        contact.change_contact(
            session,
            session.get_one(Participant, person),
            **(change or {"email": "new@clinic.example"}),
            reason="she told us",
            viewer=OPENER,
            keys=lab.keys,
            now=lab.now,
        )


def states(lab):
    return {row.step: (row.state, row.reason) for row in lab.rows(Message)}


def faults(lab):
    """Return what the trail finds wrong with the tables."""
    with lab.database.writing() as session:
        audit.seal(session, upto=audit.horizon(session), keys=lab.keys, now=lab.now)
    with lab.database.reading() as session:
        return [found.what for found in audit.verify(session, keys=lab.keys).findings]


def test_a_hard_bounce_silences_the_address_and_asks_the_team_to_find_another(lab):
    person = invited(lab)
    assert bounce_last(lab)
    assert contact_of(lab, person).email_suppressed_at == lab.now
    assert contact_of(lab, person).phone_suppressed_at is None
    for _ in range(9):
        lab.wait(days=1)
    assert len(lab.transport.mails) == 1
    (task,) = lab.rows(Task)
    assert (task.kind, task.participant_id, task.done_at) == ("address_bounced", person, None)
    (event,) = lab.events("message.bounced")
    assert event.payload == {
        "message": "invitation",
        "step": "w0:invitation",
        "kind": "hard",
        "status": "5.1.1",
        "source": "mailbox",
        "suppressed": "email",
    }
    assert faults(lab) == []


def test_what_is_planned_later_is_held_as_well_and_nobody_elses(lab):
    person = invited(lab)
    lab.complete(person, "w0")
    bounce_last(lab)
    other = invited(lab)
    lab.now = lab.assessment(person, "w1").opens_at
    lab.wait(hours=1)
    held = [row for row in lab.rows(Message) if row.step == "w1:invitation"]
    assert [(row.participant_id, row.state, row.reason) for row in held] == [
        (person, "pending", "suppressed")
    ]
    assert {mail.recipient for mail in lab.transport.mails[1:]} == {f"person{other}@clinic.example"}


def test_a_report_that_comes_again_changes_nothing(lab):
    invited(lab)
    bounce_last(lab)
    before = (lab.rows(Bounce), lab.rows(Task), lab.rows(Event))
    lab.now += timedelta(hours=3)
    assert bounce_last(lab)
    assert bounce_last(lab, status="5.1.2")
    assert (lab.rows(Bounce), lab.rows(Task), lab.rows(Event)) == before


def test_a_report_taken_by_several_processes_at_once_counts_once(lab):
    invited(lab)
    threads = [threading.Thread(target=bounce_last, args=(lab,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lab.rows(Bounce)) == len(lab.rows(Task)) == len(lab.events("task.added")) == 1


def test_a_report_on_no_message_of_ours_is_told_as_such(lab):
    invited(lab)
    assert not report(lab, "f" * 32 + "@longwave")
    assert lab.rows(Bounce) == []


def test_a_reporter_learns_and_changes_nothing_beyond_what_was_granted(lab):
    invited(lab)
    mail_id = lab.transport.mails[-1].message_id
    asked = []

    def elsewhere(study_id, site):
        asked.append(site)
        return False

    assert not report(lab, mail_id, allowed=elsewhere)
    assert asked == ["ankara"]
    assert lab.rows(Bounce) == []


def test_a_new_address_gets_the_link_and_what_was_held_is_of_use_again(lab):
    person = invited(lab)
    bounce_last(lab)
    lab.wait(hours=1)
    mend(lab, person)
    lab.wait(minutes=1)
    assert [mail.recipient for mail in lab.transport.mails[1:]] == ["new@clinic.example"]
    assert contact_of(lab, person).verified_at is None
    for _ in range(9):
        lab.wait(days=1)
    reminders = lab.transport.mails[2:]
    assert len(reminders) == len(lab.protocol.messages.reminders)
    assert all("reminder" in mail.subject for mail in reminders)
    assert {mail.recipient for mail in reminders} == {"new@clinic.example"}
    (task,) = lab.rows(Task)
    assert (task.done_by, task.note) == (OPENER.name, "The address was changed.")
    lab.begin(person, "w0")
    assert contact_of(lab, person).verified_at == lab.now
    assert faults(lab) == []


def test_a_late_report_on_the_old_address_does_not_silence_the_new(lab):
    person = invited(lab)
    lab.wait(hours=1)
    mend(lab, person)
    lab.now += timedelta(hours=1)
    bounce_last(lab)
    assert contact_of(lab, person).email_suppressed_at is None
    assert len(lab.rows(Bounce)) == 1
    assert lab.rows(Task) == []


def test_the_new_address_may_come_back_as_well(lab):
    person = invited(lab)
    bounce_last(lab)
    lab.wait(hours=1)
    mend(lab, person)
    lab.wait(hours=1)
    bounce_last(lab)
    assert contact_of(lab, person).email_suppressed_at == lab.now
    assert [task.done_at is None for task in lab.rows(Task)] == [False, True]


def test_a_soft_bounce_is_not_sent_again_and_lets_the_next_message_wait(lab):
    invited(lab)
    sent_at = lab.now
    lab.now += timedelta(days=2, hours=20)
    bounce_last(lab, SOFT, "4.2.2")
    for _ in range(10):
        lab.wait(hours=2)
    assert len(lab.transport.mails) == 1, "the reminder of day 3 waits"
    for _ in range(12):
        lab.wait(hours=2)
    assert len(lab.transport.mails) == 2
    assert lab.transport.mails[-1].date >= sent_at + timedelta(days=3, hours=20)
    assert lab.rows(Task) == []


def test_several_soft_bounces_in_a_row_are_a_hard_one(lab):
    person = invited(lab)
    bounce_last(lab, SOFT, "4.2.2")
    for _ in range(bounces.MOST_SOFT - 1):
        assert contact_of(lab, person).email_suppressed_at is None
        before = len(lab.transport.mails)
        for _ in range(5):
            lab.wait(days=1)
        assert len(lab.transport.mails) == before + 1
        lab.now += timedelta(minutes=5)
        bounce_last(lab, SOFT, "5.2.2")
    assert contact_of(lab, person).email_suppressed_at == lab.now
    assert len(lab.rows(Task)) == 1
    assert faults(lab) == []


def test_a_message_that_went_through_in_between_begins_the_count_anew(lab):
    person = lab.randomise()
    lab.wait(minutes=1)
    for wave in ("w1", "w2", "w3"):
        lab.now = max(lab.now, lab.assessment(person, wave).opens_at)
        before = len(lab.transport.mails)
        lab.wait(hours=1)
        assert len(lab.transport.mails) == before + 1
        if wave != "w2":
            bounce_last(lab, SOFT, "4.2.2")
        lab.complete(person, wave)
    assert contact_of(lab, person).email_suppressed_at is None


def test_a_complaint_pauses_messages_and_asks_the_team_to_ask(lab):
    person = invited(lab)
    bounce_last(lab, COMPLAINT, "abuse")
    assert lab.participant(person).messages == "paused"
    assert contact_of(lab, person).email_suppressed_at is None
    assert [task.kind for task in lab.rows(Task)] == ["complaint"]
    for _ in range(9):
        lab.wait(days=1)
    assert len(lab.transport.mails) == 1
    assert faults(lab) == []


@pytest.mark.parametrize(
    ("status", "suppressed"), [("5.1.1", True), ("550", True), ("5.2.2", False), ("5.7.1", False)]
)
def test_an_address_that_a_server_refuses_is_as_if_the_mail_had_come_back(lab, status, suppressed):
    person = lab.enrol()
    lab.transport.answer = Delivery(Outcome.REFUSED, "SMTP 550", bounce=status)
    lab.clockwork.dispatch()
    (row,) = lab.rows(Bounce)
    assert (row.source, row.status, row.kind) == (
        "refusal",
        status,
        "hard" if suppressed else "soft",
    )
    assert states(lab)["w0:invitation"][0] == "failed"
    assert (contact_of(lab, person).email_suppressed_at is not None) == suppressed
    assert len(lab.rows(Task)) == suppressed


def test_a_refusal_that_is_not_about_the_address_is_no_bounce(lab):
    lab.enrol()
    lab.transport.answer = Delivery(Outcome.REFUSED, "SMTP 554")
    lab.clockwork.dispatch()
    assert lab.rows(Bounce) == []


def test_mail_to_somebody_who_was_erased_changes_nothing_more(lab):
    person = invited(lab)
    lab.act(person, erasure.erase, reason="asked for", viewer=OPENER)
    bounce_last(lab)
    assert len(lab.rows(Bounce)) == 1
    assert lab.rows(Task) == []
    assert faults(lab) == []


def test_mail_to_staff_that_comes_back_is_the_teams_to_see_to_once(lab):
    study = lab.participant(lab.screen()).study_id
    with lab.database.writing() as session:
        member, _ = add_staff(session, "owner@lab.example", Role.OWNER, blinded=False, now=lab.now)
        for step in ("unblinding:1", "unblinding:2"):
            outbox.queue_notice(session, member, "unblinding_notice", step, study, now=lab.now)
    for row in lab.rows(Message):
        report(lab, row.mail_id)
    assert [(task.kind, task.participant_id) for task in lab.rows(Task)] == [
        ("staff_bounced", None)
    ]
    assert len(lab.events("message.bounced")) == 2


def test_an_export_says_what_is_missing_for_a_dead_address_as_it_was_known_then(lab, tmp_path):
    dead, mended, quiet = invited(lab), invited(lab), invited(lab)
    for person in (dead, mended):
        mail = next(m for m in lab.transport.mails if m.recipient.startswith(f"person{person}@"))
        report(lab, mail.message_id)
    lab.wait(days=5)
    mend(lab, mended)
    for _ in range(12):
        lab.wait(days=1)
    mend(lab, dead, email="late@clinic.example")
    with lab.database.writing() as session:
        export_study(session, lab.slug, tmp_path / "out", viewer=OPENER, now=lab.now)
    told = pd.read_csv(tmp_path / "out" / "assessments.csv").query("wave == 'w0'")
    reasons = dict(zip(told["participant_id"], told["missing_reason"], strict=True))
    assert {
        person: reasons[lab.participant(person).public_id] for person in (dead, mended, quiet)
    } == {dead: "bounced", mended: "unopened", quiet: "unopened"}


def test_a_suppression_that_the_trail_does_not_tell_of_is_found(lab):
    person = invited(lab)
    with lab.database.writing() as session:
        session.get_one(Contact, person).email_suppressed_at = lab.now
    assert any("let through" in fault for fault in faults(lab))
