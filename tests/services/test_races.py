"""Two requests for the same person at once: whatever the order, nothing impossible comes of it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from factories.lab import OPENER
from factories.racing import at_once

from longwave.domain.errors import LinkUsedError, RefusedTransitionError
from longwave.services import assessment as assessments
from longwave.services import enrolment, withdrawal
from longwave.services import study as studies
from longwave.storage import participant as participants
from longwave.storage import study as study_rows
from longwave.storage.tables import Allocation, Assessment, Consent, Contact, Event, Participant

ROUNDS = 6


def withdrawing(lab, person):
    def act():
        with lab.database.writing() as session:
            withdrawal.withdraw(session, session.get_one(Participant, person), now=lab.now)

    return act


def submitting(lab, person, wave="w0"):
    def act():
        with lab.database.writing() as session:
            found = lab._assessment(session, person, wave)
            assessments.questionnaire(session, found)
            assessments.submit(session, found, keys=lab.keys, now=lab.now)

    return act


def saving(lab, person, value):
    def act():
        with lab.database.writing() as session:
            sheet = assessments.load(
                session, lab._assessment(session, person, "w0").id, now=lab.now
            )
            assessments.save_item(session, sheet.assessment, "scs_sf", "q1", value, now=lab.now)

    return act


def consenting(lab, person, email):
    def act():
        form = enrolment.ConsentForm(
            "A Person", email, frozenset(s.id for s in lab.protocol.consent.statements)
        )
        with lab.database.writing() as session:
            found = session.get_one(Participant, person)
            enrolment.give_consent(session, found, form, keys=lab.keys, now=lab.now)

    return act


def kinds(lab, kind):
    return [event for event in lab.rows(Event) if event.kind == kind]


def test_nobody_who_has_withdrawn_is_randomised_or_invited(lab):
    for _ in range(ROUNDS):
        person = lab.enrol()
        lab.fill(person, "w0")
        at_once(withdrawing(lab, person), submitting(lab, person))
        found = lab.participant(person)
        assert found.follow_up == "withdrawn"
        assert set(lab.statuses(person).values()) <= {"completed", "partial", "cancelled"}
    lab.transport.mails.clear()
    lab.wait(days=30)
    assert lab.transport.mails == []


def test_a_double_submit_counts_once(lab):
    for _ in range(ROUNDS):
        person = lab.enrol()
        lab.fill(person, "w0")
        raised = at_once(submitting(lab, person), submitting(lab, person))
        assert [type(error) for error in raised if error] == [LinkUsedError]
    assert len(lab.rows(Allocation)) == ROUNDS
    assert len(kinds(lab, "assessment.completed")) == ROUNDS


def test_a_late_autosave_does_not_reopen_what_was_submitted(lab):
    for _ in range(ROUNDS):
        person = lab.enrol()
        lab.fill(person, "w0")
        at_once(saving(lab, person, "5"), submitting(lab, person))
        assert lab.assessment(person, "w0").status == "completed"


def test_a_double_click_on_consent_enrols_once(lab):
    for number in range(ROUNDS):
        person = lab.screen()
        email = f"double{number}@clinic.example"
        raised = at_once(consenting(lab, person, email), consenting(lab, person, email))
        assert [type(error) for error in raised if error] == [RefusedTransitionError]
    assert len(lab.rows(Consent)) == ROUNDS


def test_one_address_in_two_tabs_takes_part_once(lab):
    for number in range(ROUNDS):
        email = f"tabs{number}@clinic.example"
        first, second = lab.screen(), lab.screen()
        assert at_once(consenting(lab, first, email), consenting(lab, second, email)) == [
            None,
            None,
        ]
        stages = sorted(lab.participant(person).stage for person in (first, second))
        assert stages == ["enrolled", "ineligible"]
    assert len(lab.rows(Contact)) == ROUNDS


def test_the_clock_and_a_participant_do_not_trip_over_each_other(lab):
    people = [lab.enrol() for _ in range(ROUNDS)]
    for person in people:
        lab.fill(person, "w0")
    lab.now = lab.assessment(people[0], "w0").closes_at
    at_once(lab.clockwork.sweep, lab.clockwork.sweep)
    assert {row.status for row in lab.rows(Assessment)} == {"partial"}
    assert len(kinds(lab, "assessment.partial")) == ROUNDS


@pytest.mark.parametrize("workers", [3])
def test_two_workers_tick_at_once_without_a_failure(lab, workers):
    for _ in range(4):
        lab.enrol()
    assert at_once(*[lab.clockwork.tick] * workers) == [None] * workers
    assert len({mail.message_id for mail in lab.transport.mails}) == len(lab.transport.mails) == 4


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_study_is_locked_while_somebody_writes_who_waits_for_a_crossover(lab, monkeypatch):
    person = lab.screen()
    with lab.database.writing() as session:
        session.get_one(Participant, person).crossover_due_at = lab.now + timedelta(days=90)
        studies.close_enrolment(session, lab.slug, viewer=OPENER, now=lab.now)
    is_held, is_locking = threading.Event(), threading.Event()
    lock = study_rows.lock_to_change
    monkeypatch.setattr(
        study_rows, "lock_to_change", lambda *how: (lock(*how), is_locking.set())[0]
    )

    def write():
        with lab.database.writing() as session:
            study_id = participants.lock(session, person).study_id
            is_held.set()
            is_locking.wait(0.5)
            time.sleep(0.2)
            study_rows.hold_state(session, study_id)

    def lock_study():
        assert is_held.wait(10)
        with lab.database.writing() as session:
            studies.lock_study(session, lab.slug, viewer=OPENER, now=lab.now)

    at_once(write, lock_study)
    assert lab.participant(person).crossover_due_at is None
