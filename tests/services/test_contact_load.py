"""How many messages people are sent, by kind and by arm."""

from __future__ import annotations

import pytest
from factories.lab import OPENER
from sqlmodel import select

from longwave.domain.blinding import Grant, Viewer
from longwave.domain.errors import NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.services.contact_load import contact_load
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Message, Participant

BLINDED = Viewer("blinded@lab.example", Role.OWNER, blinded=True)


def load(lab, viewer=OPENER):
    with lab.database.reading() as session:
        return contact_load(session, get_study(session, lab.slug), viewer)


def randomised(lab, number):
    people = [lab.enrol() for _ in range(number)]
    lab.wait(days=1)
    lab.wait(minutes=5)
    for person in people:
        lab.complete(person, "w0")
    return people


def test_messages_are_counted_for_all_from_the_beginning_and_by_arm_from_randomisation(lab):
    people = randomised(lab, 6)
    lab.now = lab.assessment(people[0], "w1").opens_at
    lab.wait(hours=2)
    lab.wait(days=4)
    found = load(lab)
    assert found.everybody.people == 6
    assert found.everybody.messages == {"invitation": 12, "reminder": 6}
    assert (found.everybody.per_person, found.everybody.most) == (3.0, 3)
    arms = found.arms.for_viewer(OPENER)
    assert set(arms) == {"active", "waitlist"}
    allocated = [row.arm for row in lab.rows(Allocation)]
    for arm, each in arms.items():
        assert each.people == allocated.count(arm) > 0
        assert each.messages == {"invitation": each.people, "reminder": each.people}
        assert each.most == 2


def test_what_may_have_arrived_counts_and_what_was_not_sent_does_not(lab):
    randomised(lab, 2)
    with lab.database.writing() as session:
        first, second = session.exec(select(Message).where(Message.kind == "invitation"))
        first.state, second.state = "uncertain", "failed"
    found = load(lab).everybody
    assert (found.people, found.messages, found.most) == (2, {"invitation": 1}, 1)


def test_nobody_is_an_answer_too(lab):
    found = load(lab)
    assert (found.everybody.people, found.everybody.per_person) == (0, None)
    assert found.arms.for_viewer(OPENER)["active"].total == 0


def test_the_blinded_get_no_arm_and_no_message_that_tells_one(lab):
    (person,) = randomised(lab, 1)
    with lab.database.writing() as session:
        study_id = session.get_one(Participant, person).study_id
        session.add(
            Message(
                study_id=study_id,
                participant_id=person,
                kind="programme_prompt",
                step="practice:1",
                state="sent",
                mail_id="prompt@longwave",
                due_at=lab.now,
                planned_at=lab.now,
                queued_at=lab.now,
                settled_at=lab.now,
            )
        )
    assert load(lab).everybody.messages == {"invitation": 1, "programme_prompt": 1}
    seen = load(lab, BLINDED)
    assert seen.everybody.messages == {"invitation": 1}
    assert seen.everybody.most == 1
    assert seen.arms.for_viewer(BLINDED) is None


def test_somebody_of_a_site_counts_that_site(lab):
    randomised(lab, 2)
    other = lab.enrol(site="gaziantep")
    there = Viewer.of("c@lab.example", [Grant(Role.COORDINATOR, "gaziantep")], blinded=False)
    assert load(lab, there).everybody.people == 1
    assert lab.participant(other).site == "gaziantep"


def test_an_analyst_does_not_see_what_was_sent(lab):
    with pytest.raises(NotAllowedError):
        load(lab, Viewer("a@lab.example", Role.ANALYST, blinded=False))
