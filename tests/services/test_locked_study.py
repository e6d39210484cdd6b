"""After the lock nothing is entered any more, and the clockwork leaves the study alone."""

from __future__ import annotations

import threading
import time

import pytest
from factories.lab import OPENER

from longwave.domain.blinding import Viewer
from longwave.domain.errors import RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import consent, follow_up, programme, withdrawal
from longwave.services import study as studies
from longwave.services.consent import ConsentForm
from longwave.storage.tables import Allocation, Answer, Event

COORDINATOR = Viewer("coordinator@lab.example", Role.COORDINATOR, blinded=False)


@pytest.mark.parametrize("state", ["locked", "archived"])
def test_nothing_is_entered_after_the_lock(lab, state):
    person, waiting, started = lab.randomise(), lab.screen(), lab.enrol()
    lab.fill(started, "w0", pages=1)
    lab.in_state(state)
    before = (len(lab.rows(Event)), len(lab.rows(Answer)))
    form = ConsentForm("A Person", "", frozenset({"informed", "voluntary", "data"}))
    for act in (
        lab.screen,
        lambda: lab.consent(waiting),
        lambda: lab.begin(started, "w0"),
        lambda: lab.fill(started, "w0"),
        lambda: lab.act(person, consent.sign_again, form=form, keys=lab.keys),
        lambda: lab.act(person, follow_up.mark_lost, reason="x", viewer=COORDINATOR),
        lambda: lab.act(person, follow_up.mark_deceased, reason="x", viewer=COORDINATOR),
        lambda: lab.act(person, programme.stop, reason="x", viewer=COORDINATOR),
        lambda: lab.act(person, withdrawal.resume_messages),
    ):
        with pytest.raises(RefusedTransitionError):
            act()
    assert (len(lab.rows(Event)), len(lab.rows(Answer))) == before


def test_the_clockwork_leaves_a_locked_study_alone(lab):
    person = lab.randomise()
    lab.clockwork.dispatch()
    lab.transport.mails.clear()
    lab.in_state("locked")
    before = lab.statuses(person)
    for _ in range(14):
        lab.wait(days=30)
    assert lab.statuses(person) == before
    assert lab.transport.mails == []


def test_reminders_that_were_due_are_not_sent_after_the_lock(lab):
    lab.enrol()
    lab.clockwork.dispatch()
    lab.transport.mails.clear()
    lab.in_state("locked")
    lab.wait(days=4)
    assert lab.transport.mails == []


def test_a_lock_waits_for_what_is_being_entered(lab):
    """On PostgreSQL two transactions overlap; on SQLite the second waits for the first."""
    person = lab.enrol()
    lab.fill(person, "w0")
    inside, locked = threading.Event(), []

    def lock():
        inside.wait()
        try:
            with lab.database.writing() as session:
                studies.close_enrolment(session, lab.slug, viewer=OPENER, now=lab.now)
            with lab.database.writing() as session:
                studies.lock_study(session, lab.slug, viewer=OPENER, now=lab.now)
        except RefusedTransitionError as refusal:
            locked.append(refusal)
        else:
            locked.append(None)

    other = threading.Thread(target=lock)
    other.start()
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        assessments.submit(session, found, keys=lab.keys, now=lab.now)
        inside.set()
        time.sleep(0.2)
        assert locked == []
    other.join()
    assert lab.statuses(person)["w0"] == "completed"
    assert len(lab.rows(Allocation)) == 1
