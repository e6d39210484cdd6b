"""Erasure: nothing personal is left, and the proof of the trial is."""

from __future__ import annotations

import re

import pytest
from factories.tampering import tamper
from sqlmodel import select

from longwave.domain.blinding import Viewer
from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.errors import NotAllowedError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.services import (
    audit,
    codes,
    corrections,
    erasure,
    personal,
    screening,
    tasks,
    withdrawal,
)
from longwave.services.letters import code_digits
from longwave.services.study import get_study
from longwave.storage.export import read_dataset
from longwave.storage.tables import (
    Allocation,
    Answer,
    ArmPeriod,
    Assessment,
    Attempt,
    Code,
    Consent,
    Contact,
    Participant,
    PersonalKey,
    Screening,
)

OWNER = Viewer("owner@lab.example", Role.OWNER, blinded=True)


def verified(lab):
    with lab.database.reading() as session:
        return [str(found) for found in audit.verify(session, keys=lab.keys).findings]


def erase(lab, person, viewer=OWNER):
    lab.act(person, erasure.erase, reason="asked for it", viewer=viewer)


def test_nothing_personal_is_left_and_what_proves_the_trial_is(lab):
    with lab.database.writing() as session:
        screening.enter(
            session,
            get_study(session, lab.slug),
            site="ankara",
            outcome="approached",
            email="ada@clinic.example",
            keys=lab.keys,
            viewer=OWNER,
            now=lab.now,
        )
    person = lab.screen()
    lab.consent(person, "ada@clinic.example")
    lab.complete(person, "w0")
    lab.clockwork.dispatch()
    lab.act(
        person,
        corrections.correct_answer,
        wave="w0",
        occurrence=1,
        instrument="scs_sf",
        item="q1",
        value="5",
        reason="typed wrongly",
        viewer=OWNER,
        keys=lab.keys,
    )
    kept = [lab.rows(table) for table in (Allocation, ArmPeriod, Consent)]
    stratum = lab.participant(person).stratum
    erase(lab, person)
    for table in (Contact, Answer, PersonalKey):
        assert lab.rows(table) == []
    assert {row.salt for row in lab.rows(Assessment)} == {None}
    assert {row.detail for row in lab.rows(Attempt)} <= {None}
    assert lab.rows(Screening)[0].digest is None
    assert [lab.rows(table) for table in (Allocation, ArmPeriod, Consent)] == kept
    found = lab.participant(person)
    assert (found.screening, found.stratum, found.erased_at) == (None, stratum, lab.now)
    assert (found.follow_up, found.withdrawn_at) == ("withdrawn", lab.now)
    kinds = [event.kind for event in lab.events("participant.")][-2:]
    assert kinds == ["participant.withdrew", "participant.erased"]
    (corrected,) = lab.events("answer.corrected")
    with lab.database.reading() as session, pytest.raises(NotFoundError, match="erased"):
        who = session.get_one(Participant, person)
        personal.decrypt(session, who, lab.keys, corrected.payload["values"])


def test_an_erased_participant_hears_nothing_more(lab):
    person = lab.randomise()
    lab.clockwork.dispatch()
    lab.transport.mails.clear()
    erase(lab, person)
    for _ in range(12):
        lab.wait(days=30)
    assert lab.transport.mails == []


def test_who_had_left_or_finished_is_erased_without_a_second_withdrawal(lab):
    person = lab.randomise()
    lab.act(person, withdrawal.withdraw)
    left_at = lab.now
    lab.wait(days=3)
    erase(lab, person)
    assert lab.participant(person).withdrawn_at == left_at
    assert len(lab.events("participant.withdrew")) == 1
    with pytest.raises(RefusedTransitionError, match="erased already"):
        erase(lab, person)


def test_leaving_and_erasure_are_possible_after_the_lock(lab):
    person, other = lab.randomise(), lab.randomise()
    lab.in_state("archived")
    statuses = lab.statuses(person)
    lab.act(person, withdrawal.withdraw)
    assert lab.participant(person).follow_up == "withdrawn"
    assert lab.statuses(person) == statuses  # data do not change after the lock
    erase(lab, other)
    assert {row.assessment_id for row in lab.rows(Answer)} == {lab.assessment(person, "w0").id}


def test_only_an_owner_erases(lab):
    person = lab.enrol()
    with pytest.raises(NotAllowedError):
        erase(lab, person, Viewer("c", Role.COORDINATOR, blinded=True))
    assert lab.participant(person).erased_at is None


def test_an_export_says_that_values_were_erased(lab):
    erase(lab, lab.randomise())
    with lab.database.reading() as session:
        dataset = read_dataset(session, get_study(session, lab.slug), arms=False)
    (who,) = dataset.participants
    assert who.erased


def test_answers_that_come_back_after_the_erasure_are_found(lab):
    person = lab.randomise()
    erase(lab, person)
    assert verified(lab) == []
    tamper(
        lab.database,
        "answer",
        "INSERT INTO answer (assessment_id, instrument, item, value, saved_at) "
        "SELECT id, 'scs_sf', 'i1', '3', closed_at FROM assessment WHERE status = 'completed'",
    )
    (found,) = verified(lab)
    assert "answers of assessment w0.1: they were erased" in found


# --- asked for by the participant ----------------------------------------------------------------


def asked(lab, person):
    """Let somebody ask to be erased, and type the code."""
    lab.act(person, erasure.prepare)
    lab.act(person, codes.ask, purpose=CodePurpose.ERASURE, keys=lab.keys)
    lab.clockwork.dispatch()
    code = re.search(r"\b([0-9]{6})\b", lab.transport.mails[-1].body)[1]
    return lab.act(person, erasure.request, typed=code, keys=lab.keys)


def tasks_for(lab, viewer):
    with lab.database.reading() as session:
        return tasks.read_tasks(session, get_study(session, lab.slug), viewer, now=lab.now)


def test_a_request_stops_messages_and_becomes_a_task_that_the_blinded_see_too(lab):
    person = lab.randomise()
    assert asked(lab, person) is Tried.RIGHT
    found = lab.participant(person)
    assert (found.messages, found.follow_up, found.erased_at) == ("paused", "active", None)
    for viewer in (OWNER, Viewer("c", Role.COORDINATOR, blinded=False)):
        (task,) = tasks_for(lab, viewer)
        assert (task.kind, task.participant) == ("erasure_requested", found.public_id)
    assert asked(lab, person) is Tried.RIGHT  # and once more
    assert len(lab.events("participant.erasure_requested")) == 1
    assert verified(lab) == []


def test_messages_stop_before_any_code_is_typed(lab):
    person = lab.enrol()
    lab.act(person, erasure.prepare)
    assert lab.participant(person).messages == "paused"
    assert tasks_for(lab, OWNER) == []


def test_a_wrong_code_asks_for_nothing(lab):
    person = lab.enrol()
    lab.act(person, codes.ask, purpose=CodePurpose.ERASURE, keys=lab.keys)
    with lab.database.reading() as session:
        digits = code_digits(lab.keys, session.exec(select(Code)).one())
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    assert lab.act(person, erasure.request, typed=wrong, keys=lab.keys) is Tried.WRONG
    assert tasks_for(lab, OWNER) == []


def test_to_erase_settles_the_task_and_forgets_the_codes(lab):
    person = lab.enrol()
    asked(lab, person)
    erase(lab, person)
    assert tasks_for(lab, OWNER) == []
    assert lab.rows(Code) == []
    with pytest.raises(RefusedTransitionError):
        lab.act(person, erasure.prepare)
    assert verified(lab) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM task",
        "UPDATE task SET kind = 'complaint'",
        "UPDATE task SET participant_id = 1",
    ],
)
def test_a_request_that_was_made_away_with_is_found_out(lab, statement):
    lab.enrol()
    asked(lab, lab.enrol())
    assert verified(lab) == []
    tamper(lab.database, "task", statement)
    assert any("requests for erasure" in found for found in verified(lab))
