"""Practice every day: released where its participant lives, logged by herself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories.programmes import TEAM, daily_lab

from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.services import audit, courses, follow_up, programme, withdrawal
from longwave.storage.tables import Dose, Participant

# The lab's clock starts at 8:00 UTC, which is 11:00 in Istanbul, where everybody lives at first.


def evening(day: int) -> datetime:
    """Return six o'clock in Istanbul on a day of the lab, from 0."""
    return datetime(2026, 2, 2, 15, tzinfo=UTC) + timedelta(days=day)


def test_the_first_practice_is_there_at_the_first_prompt(daily):
    person = daily.in_arm("active")
    assert [dose.planned_at for dose in daily.doses(person)] == [evening(0)]
    assert daily.own(person).sessions == ()
    daily.now = evening(0)
    daily.wait(minutes=0)
    (today,) = daily.own(person).sessions
    assert (today.number, today.length, today.may_log) == (1, 8, True)
    assert today.material.text["en"].startswith("# Breathe")
    assert daily.own(person).next_at == evening(1)


def test_without_a_prompt_practice_is_there_at_once_and_then_from_midnight(database_url):
    lab = daily_lab(database_url, {'    prompt: "18:00"\n': ""})
    person = lab.in_arm("active")
    lab.wait(minutes=1)
    first, second = lab.doses(person)
    assert first.planned_at == lab.participant(person).randomised_at
    assert second.planned_at == datetime(2026, 2, 2, 21, tzinfo=UTC)
    lab.close()


def test_one_practice_follows_the_other_for_as_many_days_as_planned(daily):
    person = daily.in_arm("active")
    for _ in range(40):
        daily.wait(days=1)
    doses = daily.doses(person)
    assert [dose.planned_at for dose in doses] == [evening(day) for day in range(28)]
    assert all(dose.released_at is not None for dose in doses)
    (event,) = daily.events("programme.completed")
    assert event.at == evening(28)
    assert daily.own(person).ended
    assert not any(found.may_log for found in daily.own(person).sessions)


def test_after_an_outage_the_days_that_passed_are_released_too(daily):
    person = daily.in_arm("active")
    daily.wait(days=5)
    assert sum(dose.released_at is not None for dose in daily.doses(person)) == 5


def test_practice_without_an_end_ends_with_the_follow_up(database_url):
    lab = daily_lab(database_url, {"    days: 28\n": ""})
    person = lab.in_arm("active")
    for _ in range(70):
        lab.wait(days=7)
    assert lab.participant(person).follow_up == "completed"
    assert lab.participant(person).programme == "completed"
    released = [dose for dose in lab.doses(person) if dose.released_at]
    assert 360 < len(released) < 400
    lab.close()


def test_practice_follows_its_participant_into_another_zone(daily):
    person = daily.in_arm("active")
    with daily.database.writing() as session:
        session.get_one(Participant, person).zone = "America/New_York"
    daily.wait(days=2)
    at = [dose.planned_at for dose in daily.doses(person)]
    assert at[1] == datetime(2026, 2, 3, 23, tzinfo=UTC)


def test_a_practice_is_logged_once_with_its_minutes(daily):
    person = daily.in_arm("active")
    daily.now = evening(0)
    daily.wait(minutes=10)
    daily.act(person, courses.log, number=1, minutes=12.34)
    daily.act(person, courses.log, number=1, minutes=99)
    (dose, _) = daily.doses(person)
    assert (dose.minutes, dose.source, dose.done_at) == (12.3, "self", daily.now)
    (event,) = daily.events("dose.recorded")
    assert set(event.payload) == {"programme", "session", "source", "dose"}


def test_without_minutes_it_took_as_long_as_planned(daily):
    person = daily.in_arm("active")
    daily.wait(days=2)
    daily.act(person, courses.log, number=1, minutes=None)
    daily.act(person, courses.log, number=2, minutes=None)
    assert [dose.minutes for dose in daily.doses(person)[:2]] == [8, 10]


@pytest.mark.parametrize("minutes", [-1, 1441, float("nan"), float("inf")])
def test_minutes_are_part_of_a_day(daily, minutes):
    person = daily.in_arm("active")
    daily.wait(days=1)
    with pytest.raises(InvalidInputError, match="0 to 1440"):
        daily.act(person, courses.log, number=1, minutes=minutes)


def test_what_is_to_come_or_a_week_old_cannot_be_logged(daily):
    person = daily.in_arm("active")
    daily.wait(days=1)
    with pytest.raises(NotFoundError):
        daily.act(person, courses.log, number=2, minutes=5)
    daily.wait(days=7)
    with pytest.raises(RefusedTransitionError, match="no longer"):
        daily.act(person, courses.log, number=1, minutes=5)
    daily.act(person, courses.log, number=2, minutes=5)


def test_opening_is_noted_once(daily):
    person = daily.in_arm("active")
    daily.wait(days=1)
    daily.act(person, courses.open_session, number=1)
    first = daily.doses(person)[0].opened_at
    daily.wait(hours=1)
    daily.act(person, courses.open_session, number=1)
    assert daily.doses(person)[0].opened_at == first


def test_those_who_wait_have_nothing_before_the_crossover_and_practice_after_it(daily):
    person = daily.in_arm("waitlist")
    daily.wait(days=3)
    with pytest.raises(NotFoundError):
        daily.own(person)
    assert [row for row in daily.rows(Dose) if row.participant_id == person] == []
    for _ in range(30):
        daily.wait(days=7)
        if daily.participant(person).programme == "on":
            break
    daily.wait(days=1)
    assert daily.own(person).sessions[-1].number == 1


@pytest.mark.parametrize("way", ["stop", "withdraw"])
def test_who_leaves_has_no_more_practice(daily, way):
    person = daily.in_arm("active")
    daily.wait(days=2)
    if way == "stop":
        daily.act(person, programme.stop, reason="r", viewer=TEAM)
    else:
        daily.act(person, withdrawal.withdraw)
    daily.wait(days=3)
    with pytest.raises(NotFoundError):
        daily.own(person)
    assert sum(dose.released_at is not None for dose in daily.doses(person)) == 2


def test_who_is_found_again_goes_on_with_the_next_practice(daily):
    person = daily.in_arm("active")
    daily.wait(days=2)
    daily.act(person, follow_up.mark_lost, reason="r", viewer=TEAM)
    daily.wait(days=5)
    daily.act(person, follow_up.mark_found, reason="r", viewer=TEAM, keys=daily.keys)
    daily.wait(days=1)
    doses = [dose for dose in daily.doses(person) if dose.released_at]
    assert [dose.session for dose in doses] == [1, 2, 3]
    assert doses[2].planned_at == evening(7)


def test_what_was_logged_agrees_with_the_trail_until_somebody_changes_it(daily):
    person = daily.in_arm("active")
    daily.wait(days=1)
    daily.act(person, courses.log, number=1, minutes=7.5)
    with daily.database.reading() as session:
        assert audit.verify(session, keys=daily.keys).findings == []
    with daily.database.writing() as session:
        session.merge(daily.doses(person)[0]).minutes = 75
    with daily.database.reading() as session:
        found = [str(one) for one in audit.verify(session, keys=daily.keys).findings]
    assert any("dose msc8.1" in one for one in found)
