"""What the team has to see to, told without what tells an arm."""

from __future__ import annotations

import pytest
from factories.lab import OPENER

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import BounceKind, Role
from longwave.domain.tasks import WHAT_TO_DO, TaskKind
from longwave.services import bounces, tasks
from longwave.services.study import get_study
from longwave.storage.tables import Message

EARLY = {
    "\nprogrammes:\n": """
  - {id: p1, label: {en: Early, tr: E, ar: E}, anchor: programme, target: P2W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}

programmes:
"""
}
BLINDED = Viewer("blinded", Role.COORDINATOR, blinded=True)


def shown(lab, viewer=OPENER, **how):
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        return tasks.read_tasks(session, study, viewer, now=lab.now, **how)


def do(lab, name, viewer=OPENER, note=""):
    with lab.database.writing() as session:
        study = get_study(session, lab.slug)
        tasks.do_task(session, study, name, note=note, viewer=viewer, now=lab.now)


def bounce(lab, person, step, kind=BounceKind.HARD):
    """Let a message come back."""
    (mail_id,) = [
        row.mail_id for row in lab.rows(Message) if (row.participant_id, row.step) == (person, step)
    ]
    with lab.database.writing() as session:
        bounces.receive(
            session,
            (mail_id,),
            kind,
            "5.1.1",
            source="mailbox",
            allowed=lambda *_: True,
            now=lab.now,
        )


def invited(lab, **how):
    person = lab.enrol(**how)
    lab.wait(minutes=1)
    return person


def test_a_task_says_what_is_to_be_done_and_about_whom(lab):
    person = invited(lab)
    bounce(lab, person, "w0:invitation")
    (task,) = shown(lab)
    public_id = lab.participant(person).public_id
    assert (task.name, task.participant) == (f"{public_id}.address_bounced.1", public_id)
    assert task.what == WHAT_TO_DO[TaskKind.ADDRESS_BOUNCED]
    assert task.added_at == lab.now
    assert shown(lab, done=True) == []


def test_a_task_is_done_once_with_a_note_and_by_whom(lab):
    person = invited(lab)
    bounce(lab, person, "w0:invitation", BounceKind.COMPLAINT)
    (task,) = shown(lab)
    lab.wait(hours=1)
    do(lab, task.name, note=" she pressed the wrong button ")
    assert shown(lab) == []
    (done,) = shown(lab, done=True)
    assert (done.done_at, done.done_by) == (lab.now, OPENER.name)
    assert done.note == "she pressed the wrong button"
    (event,) = lab.events("task.done")
    assert event.payload == {
        "kind": "complaint",
        "note": "she pressed the wrong button",
        "message": "invitation",
        "step": "w0:invitation",
    }
    with pytest.raises(RefusedTransitionError, match="done before"):
        do(lab, task.name)


def test_tasks_of_other_sites_do_not_exist(lab):
    near, far = invited(lab, site="ankara"), invited(lab, site="gaziantep")
    for person in (near, far):
        bounce(lab, person, "w0:invitation")
    here = Viewer("x", Role.COORDINATOR, blinded=False, sites=frozenset({"ankara"}))
    assert [task.participant for task in shown(lab, here)] == [lab.participant(near).public_id]
    with pytest.raises(NotFoundError):
        do(lab, f"{lab.participant(far).public_id}.address_bounced.1", here)


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.ANALYST])
def test_who_has_nothing_to_do_with_them_sees_none(lab, role):
    with pytest.raises(NotAllowedError):
        shown(lab, Viewer("x", role, blinded=False))


def test_a_monitor_sees_them_and_leaves_them(lab):
    person = invited(lab)
    bounce(lab, person, "w0:invitation")
    monitor = Viewer("x", Role.MONITOR, blinded=False)
    (task,) = shown(lab, monitor)
    with pytest.raises(NotAllowedError):
        do(lab, task.name, monitor)


def in_programme_since_two_weeks(lab):
    """Return somebody whose arm began with the programme, invited to what only it is asked."""
    while True:
        person = lab.randomise()
        if lab.participant(person).programme == "on":
            break
    lab.now = lab.assessment(person, "p1").opens_at
    lab.wait(hours=1)
    return person


def test_the_blinded_hear_of_it_when_they_would_have_without_the_wave_of_one_arm(make_lab):
    lab = make_lab(EARLY)
    person = in_programme_since_two_weeks(lab)
    bounce(lab, person, "p1:invitation")
    assert len(shown(lab)) == 1
    assert shown(lab, BLINDED) == []
    name = shown(lab)[0].name
    with pytest.raises(NotFoundError):
        do(lab, name, BLINDED)
    lab.now = lab.assessment(person, "w1").opens_at
    lab.wait(hours=1)
    (task,) = shown(lab, BLINDED)
    assert task.name == name
    assert task.added_at > shown(lab)[0].added_at
    do(lab, name, BLINDED, note="asked her")
    (done,) = shown(lab, BLINDED, done=True)
    assert done.note is None


def test_what_was_mended_before_the_blinded_could_hear_of_it_leaves_no_gap(make_lab):
    lab = make_lab(EARLY)
    person = in_programme_since_two_weeks(lab)
    bounce(lab, person, "p1:invitation", BounceKind.COMPLAINT)
    do(lab, shown(lab)[0].name)
    lab.now = lab.assessment(person, "w1").opens_at
    lab.wait(hours=1)
    assert shown(lab, BLINDED) == shown(lab, BLINDED, done=True) == []
    bounce(lab, person, "w0:invitation", BounceKind.HARD)
    assert [task.name.rpartition(".")[2] for task in shown(lab, BLINDED)] == ["1"]


def test_the_trail_keeps_from_the_blinded_what_the_list_does(make_lab):
    from longwave.services.events import read_events

    lab = make_lab(EARLY)
    person = in_programme_since_two_weeks(lab)
    bounce(lab, person, "p1:invitation")
    do(lab, shown(lab)[0].name)
    owner = Viewer("blinded", Role.OWNER, blinded=True)
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        told = read_events(session, study, owner, keys=lab.keys, after="", limit=500).events
    assert not {event.kind for event in told} & {"message.bounced", "task.added", "task.done"}


def test_every_kind_of_task_is_explained():
    assert set(WHAT_TO_DO) == set(TaskKind)
