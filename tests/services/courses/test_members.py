"""Course groups: who has a place, when sessions are, and what becomes of them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

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
from longwave.services import audit, courses, follow_up, programme, withdrawal
from longwave.services.study import get_study
from longwave.storage.tables import CourseGroup

FIRST = datetime(2026, 3, 24, 18)
"""A Tuesday; Berlin puts its clocks forward on the Sunday that follows."""


def started(lab, *people, **how):
    lab.group(zone="Europe/Berlin", **how)
    for person in people:
        lab.join(person)
    lab.study(courses.start_group, "msc8", "g1", FIRST, viewer=TEAM)
    lab.wait(minutes=1)


def test_sessions_are_planned_at_one_local_time_of_the_group(lab):
    person = lab.in_arm("active")
    started(lab, person)
    doses = lab.doses(person)
    assert [dose.session for dose in doses] == list(range(1, 9))
    assert doses[0].planned_at == datetime(2026, 3, 24, 17, tzinfo=UTC)
    assert doses[1].planned_at == datetime(2026, 3, 31, 16, tzinfo=UTC)  # summer time
    assert all(dose.released_at is None for dose in doses)


def test_a_session_is_released_when_its_time_comes(lab):
    person = lab.in_arm("active")
    started(lab, person)
    lab.now = FIRST.replace(tzinfo=UTC)
    lab.wait(minutes=0)
    first, second, *_ = lab.doses(person)
    assert (first.released_at, second.released_at) == (lab.now, None)
    assert [found.number for found in lab.own(person).sessions] == [1]


def test_the_programme_is_complete_when_the_last_session_is_over(lab):
    person = lab.in_arm("active")
    started(lab, person)
    lab.now = datetime(2026, 5, 12, 17, 59, tzinfo=UTC)  # begun at 16:00, for two hours
    lab.wait(minutes=0)
    assert lab.participant(person).programme == "on"
    lab.wait(minutes=30)
    assert lab.participant(person).programme == "completed"
    (event,) = lab.events("programme.completed")
    assert event.at == datetime(2026, 5, 12, 18, tzinfo=UTC)


def test_a_start_is_moved_until_the_first_session(lab):
    person = lab.in_arm("active")
    started(lab, person)
    lab.study(courses.start_group, "msc8", "g1", FIRST + timedelta(days=7), viewer=TEAM)
    lab.wait(minutes=1)
    assert lab.doses(person)[0].planned_at == datetime(2026, 3, 31, 16, tzinfo=UTC)
    lab.now = datetime(2026, 4, 2, tzinfo=UTC)
    with pytest.raises(RefusedTransitionError, match="has had its first session"):
        lab.study(courses.start_group, "msc8", "g1", FIRST + timedelta(days=60), viewer=TEAM)


def test_a_start_in_the_past_is_refused(lab):
    lab.group()
    with pytest.raises(InvalidInputError, match="local time to come"):
        lab.study(courses.start_group, "msc8", "g1", datetime(2026, 1, 1, 9), viewer=TEAM)


def test_who_comes_late_has_the_sessions_that_are_left(lab):
    first, late = lab.in_arm("active"), lab.in_arm("active")
    started(lab, first)
    lab.now = datetime(2026, 4, 1, tzinfo=UTC)
    lab.join(late)
    assert [dose.session for dose in lab.doses(late)] == list(range(3, 9))


def test_a_group_that_is_full_takes_nobody(lab):
    people = [lab.in_arm("active") for _ in range(4)]
    lab.group(capacity=3)
    for person in people[:3]:
        lab.join(person)
    with pytest.raises(RefusedTransitionError, match="full: it has 3 places"):
        lab.join(people[3])
    lab.act(people[0], courses.leave, reason="moved away", viewer=TEAM)
    lab.join(people[3])
    assert lab.participant(people[0]).programme == "on"


def test_the_last_place_goes_to_one_of_many_who_come_at_once(lab):
    people = [lab.in_arm("active") for _ in range(4)]
    lab.group(capacity=1)
    barrier, outcomes = threading.Barrier(len(people)), []

    def come(person):
        barrier.wait()
        try:
            lab.join(person)
            outcomes.append("in")
        except RefusedTransitionError as error:
            assert "full" in error.message
            outcomes.append("full")

    threads = [threading.Thread(target=come, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["full", "full", "full", "in"]
    assert sum(len(lab.places(person)) for person in people) == 1


def test_two_who_fill_groups_at_once_place_everybody_once(lab):
    people = [lab.in_arm("active") for _ in range(4)]
    lab.group("g1", capacity=2)
    lab.group("g2", capacity=2)
    barrier, failed = threading.Barrier(2), []

    def fill(name):
        barrier.wait()
        try:
            lab.study(courses.fill, "msc8", name, viewer=TEAM)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=fill, args=(name,)) for name in ("g1", "g2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    lab.study(courses.fill, "msc8", "g1", viewer=TEAM)
    lab.study(courses.fill, "msc8", "g2", viewer=TEAM)
    assert [len(lab.places(person)) for person in people] == [1, 1, 1, 1]


def test_a_group_is_filled_with_those_who_wait_the_longest(lab):
    people = []
    for _ in range(4):
        people.append(lab.in_arm("active"))
        lab.wait(hours=1)
    lab.group(capacity=3)
    assert lab.study(courses.fill, "msc8", "g1", viewer=TEAM) == 3
    assert [bool(lab.places(person)) for person in people] == [True, True, True, False]
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        left = courses.who_waits(session, study, "msc8", TEAM).for_viewer(TEAM)
    assert left == [lab.public_id(people[3])]


def test_a_group_starts_with_so_many_members(make_course):
    lab = make_course("{capacity: 3, batch_start: {members: 2, lead: P7D, at: '18:00'}}")
    people = [lab.in_arm("active") for _ in range(2)]
    lab.group(zone="Europe/Istanbul")
    lab.join(people[0])
    assert lab.rows(CourseGroup)[0].first_wall is None
    lab.join(people[1])
    assert lab.rows(CourseGroup)[0].first_wall == "2026-02-09T18:00"
    lab.wait(minutes=1)
    for person in people:
        assert lab.doses(person)[0].planned_at == datetime(2026, 2, 9, 15, tzinfo=UTC)


def test_groups_start_on_a_day(make_course):
    lab = make_course("{capacity: 3, batch_start: {on: 2026-03-01, at: '18:00'}}")
    lab.group()
    assert lab.rows(CourseGroup)[0].first_wall == "2026-03-01T18:00"
    lab.wait(days=40)
    lab.group("late")
    assert lab.rows(CourseGroup)[1].first_wall is None


def test_who_moves_keeps_what_was_and_gets_the_rest_from_the_other_group(lab):
    person = lab.in_arm("active")
    started(lab, person)
    lab.group("g2", zone="Europe/Berlin")
    lab.study(courses.start_group, "msc8", "g2", FIRST + timedelta(days=2), viewer=TEAM)
    lab.now = datetime(2026, 4, 1, tzinfo=UTC)  # after two sessions of g1, before the second of g2
    lab.wait(minutes=0)
    lab.join(person, "g2")
    doses = lab.doses(person)
    assert [dose.group_id for dose in doses] == [1, 1, *[2] * 6]
    assert doses[2].planned_at == datetime(2026, 4, 9, 16, tzinfo=UTC)
    assert [place.left_at is None for place in lab.places(person)] == [False, True]
    assert lab.events("group.joined")[-1].payload["from"] == "g1"


@pytest.mark.parametrize("way", ["stop", "withdraw", "lost", "erase"])
def test_who_goes_gives_up_the_place_and_the_sessions_to_come(lab, way):
    person = lab.in_arm("active")
    started(lab, person)
    lab.now = datetime(2026, 3, 25, tzinfo=UTC)
    lab.wait(minutes=0)
    if way == "stop":
        lab.act(person, programme.stop, reason="r", viewer=TEAM)
    elif way == "withdraw":
        lab.act(person, withdrawal.withdraw)
    elif way == "lost":
        lab.act(person, follow_up.mark_lost, reason="r", viewer=TEAM)
    else:
        from longwave.services import erasure

        owner = Viewer("o", Role.OWNER, blinded=False)
        lab.act(person, erasure.erase, reason="r", viewer=owner)
        assert lab.doses(person) == []
    assert lab.places(person)[0].left_at == lab.now
    left = [dose.session for dose in lab.doses(person) if dose.cancelled_at is None]
    assert left == ([] if way == "erase" else [1])
    lab.wait(days=80)
    assert [event.kind for event in lab.events("programme.completed")] == []


def test_those_who_wait_for_the_programme_cannot_join(lab):
    person = lab.in_arm("waitlist")
    lab.group()
    with pytest.raises(RefusedTransitionError, match="not in the programme"):
        lab.join(person)


def test_a_group_of_one_site_takes_nobody_from_another(lab):
    person = lab.in_arm("active", site="gaziantep")
    lab.group(site="ankara")
    with pytest.raises(NotFoundError, match="at the site"):
        lab.join(person)


def test_a_closed_group_takes_nobody_more(lab):
    person = lab.in_arm("active")
    lab.group()
    lab.study(courses.close_group, "msc8", "g1", viewer=TEAM)
    with pytest.raises(RefusedTransitionError, match="is closed"):
        lab.join(person)


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"capacity": 4}, "capacity"),
        ({"site": "nowhere"}, "site"),
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"form": "by post"}, "format"),
        ({"facilitator": "nobody@lab.example"}, "facilitator"),
    ],
)
def test_what_is_wrong_with_a_group_is_named(lab, how, field):
    with pytest.raises(InvalidInputError) as caught:
        lab.group(**how)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize("name", ["", "a b", "-", "x" * 33, "Dr. Who"])
def test_a_group_has_a_name_that_can_be_exported(lab, name):
    with pytest.raises(InvalidInputError, match="cannot name a group"):
        lab.group(name)


def test_a_name_is_given_once(lab):
    lab.group()
    with pytest.raises(InvalidInputError, match="already"):
        lab.group()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.MONITOR])
def test_others_make_no_groups(lab, role):
    with pytest.raises(NotAllowedError):
        lab.study(courses.add_group, "msc8", "g", viewer=Viewer("x", role, blinded=False))


def test_nobody_who_is_blinded_makes_or_sees_groups(lab):
    blinded = Viewer("x", Role.OWNER, blinded=True)
    with pytest.raises(NotAllowedError, match="would tell the arm"):
        lab.study(courses.add_group, "msc8", "g", viewer=blinded)
    with lab.database.reading() as session, pytest.raises(NotAllowedError):
        courses.list_groups(session, get_study(session, lab.slug), blinded)


def test_what_groups_leave_in_the_trail_agrees_with_the_tables(lab):
    person, other = lab.in_arm("active"), lab.in_arm("active")
    started(lab, person, other)
    lab.group("g2")
    lab.join(other, "g2")
    lab.act(person, courses.leave, reason="r", viewer=TEAM)
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []
    with lab.database.writing() as session:
        (place, *_) = lab.places(person)
        session.merge(place).left_at = None
    with lab.database.reading() as session:
        found = [str(one) for one in audit.verify(session, keys=lab.keys).findings]
    assert any("group_member" in one for one in found)
