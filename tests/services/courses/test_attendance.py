"""Attendance, as facilitators enter it; corrections; the ledger of doses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from factories.programmes import TEAM

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import audit, courses, erasure, personal
from longwave.services.staff import add_staff
from longwave.services.study import get_study
from longwave.storage import staff
from longwave.storage.tables import Participant

LEADER = "leader@lab.example"


@pytest.fixture
def group(lab):
    """A group of two whose first session has begun, led by a facilitator; gives its people."""
    with lab.database.writing() as session:
        for email in (LEADER, "other@lab.example"):
            add_staff(session, email, Role.FACILITATOR, blinded=False, now=lab.now)
    people = [lab.in_arm("active") for _ in range(2)]
    lab.group(facilitator=LEADER, zone="UTC")
    for person in people:
        lab.join(person)
    lab.study(courses.start_group, "msc8", "g1", datetime(2026, 3, 3, 18), viewer=TEAM)
    lab.now = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)
    lab.wait(minutes=0)
    return people


def attend(lab, present, absent=(), number=1, viewer=TEAM):
    who = {lab.public_id(person): minutes for person, minutes in present.items()}
    return lab.study(
        courses.attend,
        "msc8",
        "g1",
        number,
        present=who,
        absent=[lab.public_id(person) for person in absent],
        viewer=viewer,
    )


def test_who_was_there_and_who_was_not_is_written_down(lab, group):
    here, away = group
    assert attend(lab, {here: 90}, [away]) == 2
    first, second = lab.doses(here)[0], lab.doses(away)[0]
    assert (first.done_at, first.minutes, first.source) == (first.planned_at, 90, "staff")
    assert (second.done_at, second.minutes, second.source) == (None, None, "staff")
    assert {first.recorded_by, second.recorded_by} == {TEAM.name}
    for event in lab.events("dose.recorded"):
        assert "90" not in str(event.payload["dose"])[:3]
        assert set(event.payload) == {"programme", "session", "source", "dose"}


def test_without_minutes_a_session_took_its_time(lab, group):
    attend(lab, {group[0]: None})
    assert lab.doses(group[0])[0].minutes == 120


def test_to_enter_the_same_twice_changes_nothing_and_something_else_is_refused(lab, group):
    here, away = group
    attend(lab, {here: 90})
    assert attend(lab, {here: 90}, [away]) == 1
    with pytest.raises(RefusedTransitionError, match="Something else"):
        attend(lab, {here: 91})
    with pytest.raises(RefusedTransitionError, match="Something else"):
        attend(lab, {away: None})


def test_a_session_that_is_to_come_has_no_attendance(lab, group):
    with pytest.raises(RefusedTransitionError, match="still to come"):
        attend(lab, {group[0]: None}, number=2)
    with pytest.raises(NotFoundError):
        attend(lab, {group[0]: None}, number=9)


def test_strangers_to_the_group_are_named(lab, group):
    stranger = lab.in_arm("active")
    with pytest.raises(InvalidInputError) as caught:
        attend(lab, {group[0]: None}, [stranger])
    assert list(caught.value.fields) == [lab.public_id(stranger)]
    assert lab.doses(group[0])[0].source is None


def test_nobody_is_both_there_and_away(lab, group):
    with pytest.raises(InvalidInputError, match="Both"):
        attend(lab, {group[0]: None}, [group[0]])
    with pytest.raises(InvalidInputError, match="Nobody"):
        attend(lab, {})


def test_a_correction_replaces_what_was_entered_and_the_trail_keeps_both_encrypted(lab, group):
    person = group[0]
    attend(lab, {person: 90})
    correct(lab, person, attended=False, minutes=None)
    dose = lab.doses(person)[0]
    assert (dose.done_at, dose.minutes, dose.source) == (None, None, "staff")
    (event,) = lab.events("dose.corrected")
    assert event.payload["reason"] == "mixed up"
    with lab.database.reading() as session:
        values = personal.decrypt(
            session,
            session.get_one(Participant, person),
            lab.keys,
            event.payload["values"],
            kind="dose.corrected",
        )
        assert values["minutes_before"] == 90
        assert audit.verify(session, keys=lab.keys).findings == []


def correct(lab, person, viewer=TEAM, **how):
    lab.act(
        person,
        courses.correct,
        programme="msc8",
        number=1,
        reason="mixed up",
        viewer=viewer,
        keys=lab.keys,
        **how,
    )


def test_a_facilitator_enters_attendance_of_the_groups_that_she_leads(lab, group):
    with lab.database.reading() as session:
        leader, other = (
            Viewer(
                email, Role.FACILITATOR, blinded=False, staff_id=staff.by_email(session, email).id
            )
            for email in (LEADER, "other@lab.example")
        )
    with pytest.raises(NotFoundError, match="that you lead"):
        attend(lab, {group[0]: None}, viewer=other)
    with pytest.raises(NotFoundError, match="that you lead"):
        correct(lab, group[0], viewer=other, attended=True, minutes=5)
    assert attend(lab, {group[0]: None}, viewer=leader) == 1


@pytest.mark.parametrize(
    "viewer",
    [Viewer("x", Role.COORDINATOR, blinded=True), Viewer("x", Role.ANALYST, blinded=False)],
)
def test_neither_the_blinded_nor_analysts_touch_the_ledger(lab, group, viewer):
    with pytest.raises(NotAllowedError):
        attend(lab, {group[0]: None}, viewer=viewer)
    with lab.database.reading() as session, pytest.raises(NotAllowedError):
        courses.dose_rows(session, get_study(session, lab.slug), viewer)


def test_the_ledger_tells_what_was_planned_and_what_was_received(lab, group):
    here, away = group
    attend(lab, {here: 90}, [away])
    with lab.database.reading() as session:
        rows = courses.dose_rows(session, get_study(session, lab.slug), TEAM).for_viewer(TEAM)
    assert len(rows) == 16
    told = {
        (row.participant, row.session): (row.attended, row.minutes)
        for row in rows
        if row.session < 3
    }
    assert told == {
        (lab.public_id(here), 1): (True, 90),
        (lab.public_id(away), 1): (False, None),
        (lab.public_id(here), 2): (None, None),
        (lab.public_id(away), 2): (None, None),
    }
    assert {row.group for row in rows} == {"g1"}


def test_the_ledger_shows_ones_own_sites(lab, group):
    away = Viewer("x", Role.FACILITATOR, blinded=False, sites=frozenset({"gaziantep"}))
    with lab.database.reading() as session:
        rows = courses.dose_rows(session, get_study(session, lab.slug), away).for_viewer(away)
    assert rows == []


def test_erasure_takes_the_doses_and_the_trail_still_verifies(lab, group):
    person = group[0]
    attend(lab, {person: 90})
    correct(lab, person, attended=True, minutes=80)
    owner = Viewer("o", Role.OWNER, blinded=False)
    lab.act(person, erasure.erase, reason="r", viewer=owner)
    assert lab.doses(person) == []
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []
