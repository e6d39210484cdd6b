"""A participant who lives by another clock: local times stay, instants follow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from factories.diary import cohort, wave
from factories.lab import START, Lab
from factories.tampering import tamper

from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.schedule import wall_clock
from longwave.services import audit
from longwave.services.travel import change_zone
from longwave.storage.tables import Message

HERE, THERE = "Europe/Istanbul", "Asia/Tokyo"
WEEKLY = wave(
    "diary",
    "enrolment",
    "P20D",
    window="{before: P0D, after: P3D}",
    repeat="{every: P1W, times: 6}",
    at='"09:00"',
)
AFTER = wave("last", "wave:diary", "P1W", window="{before: P0D, after: P7D}")


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, cohort(WEEKLY, AFTER, reminders="[P1D]"))
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    return person


def travel(lab, person, zone, since=None):
    lab.act(person, change_zone, zone=zone, since=since, actor="coordinator@lab.example")


def findings(lab):
    with lab.database.reading() as session:
        return audit.verify(session, keys=lab.keys).findings


def diary(lab, person):
    return {
        number: (found.zone, found.due_wall[11:], wall_clock(found.opens_at, found.zone).hour)
        for (name, number), found in lab.occasions(person).items()
        if name == "diary"
    }


def test_what_is_to_come_keeps_its_local_time_in_the_new_zone(lab, person):
    before = lab.assessment(person, "diary", 1)
    travel(lab, person, THERE)
    assert set(diary(lab, person).values()) == {(THERE, "09:00", 9)}
    after = lab.assessment(person, "diary", 1)
    assert before.opens_at - after.opens_at == timedelta(hours=6)
    assert after.expires_at == after.closes_at
    assert lab.participant(person).zone_at(lab.now) == THERE
    (event,) = lab.events("participant.zone_changed")
    assert event.payload == {"zone": THERE, "since": "2026-02-02"}
    assert event.actor == "coordinator@lab.example"
    assert findings(lab) == []


def test_a_journey_begins_on_its_day(lab, person):
    since = lab.assessment(person, "diary", 3).due_at.date()
    travel(lab, person, THERE, since)
    zones = {number: zone for number, (zone, _, _) in diary(lab, person).items()}
    assert zones == {1: HERE, 2: HERE, 3: THERE, 4: THERE, 5: THERE, 6: THERE}
    who = lab.participant(person)
    midnight = datetime(since.year, since.month, since.day, tzinfo=UTC) - timedelta(hours=9)
    assert who.zone_at(midnight - timedelta(seconds=1)) == HERE
    assert who.zone_at(midnight) == THERE


def test_another_plan_takes_the_place_of_the_journey(lab, person):
    travel(lab, person, THERE, lab.assessment(person, "diary", 3).due_at.date())
    travel(lab, person, "America/Chicago", lab.assessment(person, "diary", 5).due_at.date())
    zones = {number: zone for number, (zone, _, _) in diary(lab, person).items()}
    assert zones == {n: HERE if n < 5 else "America/Chicago" for n in range(1, 7)}
    assert {clock for _, clock, _ in diary(lab, person).values()} == {"09:00"}
    travel(lab, person, HERE)
    assert {zone for zone, _, _ in diary(lab, person).values()} == {HERE}
    assert findings(lab) == []


def test_what_has_opened_stays_but_its_reminders_move(lab, person):
    first = lab.assessment(person, "diary", 1)
    lab.now = first.opens_at
    lab.clockwork.tick()
    (reminder,) = [row for row in lab.rows(Message) if row.step == "diary:reminder-1"]
    assert wall_clock(reminder.due_at, HERE).hour == 9
    travel(lab, person, THERE)
    again = lab.assessment(person, "diary", 1)
    assert (again.opens_at, again.closes_at, again.zone) == (
        first.opens_at,
        first.closes_at,
        HERE,
    )
    (reminder,) = [row for row in lab.rows(Message) if row.step == "diary:reminder-1"]
    assert wall_clock(reminder.due_at, THERE).hour == 9
    assert diary(lab, person)[2][0] == THERE


def test_what_is_planned_later_is_planned_where_the_participant_lives_by_then(lab, person):
    travel(lab, person, THERE, date(2026, 3, 10))
    for number in range(1, 7):
        lab.now = lab.assessment(person, "diary", number).opens_at
        lab.clockwork.tick()
        lab.complete(person, "diary", occurrence=number)
    last = lab.assessment(person, "last")
    assert last.zone == THERE
    assert last.due_wall == (wall_clock(lab.now, THERE) + timedelta(days=7)).isoformat(
        timespec="minutes"
    )


def test_quiet_hours_are_those_of_the_place(database_url):
    files = cohort(WEEKLY.replace('"09:00"', '"03:00"'))
    text = files["protocol.yaml"].decode()
    files["protocol.yaml"] = text.replace(
        "reminders: []", 'reminders: [], quiet_hours: ["21:00", "08:00"]'
    ).encode()
    lab = Lab(database_url, files)
    person = lab.enrol(site="north")
    travel(lab, person, THERE)
    lab.complete(person, "w0")
    lab.clockwork.tick()
    lab.transport.mails.clear()
    lab.now = lab.assessment(person, "diary", 1).opens_at
    lab.clockwork.tick()
    assert lab.transport.mails == []
    lab.wait(hours=5)
    assert wall_clock(lab.now, THERE).hour == 8
    assert len(lab.transport.mails) == 1
    lab.close()


@pytest.mark.parametrize("zone", ["Asia/Tokio", "GMT+3", "../etc/passwd"])
def test_a_zone_that_is_none_is_refused(lab, person, zone):
    with pytest.raises(InvalidInputError, match="no time zone"):
        travel(lab, person, zone)


def test_the_zone_that_holds_already_is_refused(lab, person):
    with pytest.raises(InvalidInputError, match="already"):
        travel(lab, person, HERE)
    travel(lab, person, THERE)
    with pytest.raises(InvalidInputError, match="already"):
        travel(lab, person, THERE)
    assert len(lab.events("participant.zone_changed")) == 1


def test_a_locked_study_takes_no_change(lab, person):
    lab.in_state("locked")
    with pytest.raises(RefusedTransitionError):
        travel(lab, person, THERE)


def test_a_zone_that_does_not_follow_from_the_trail_is_found(lab, person):
    travel(lab, person, THERE)
    tamper(lab.database, "participant", "UPDATE participant SET next_zone = 'Asia/Seoul'")
    assert [finding.what for finding in findings(lab)] == [
        "participant.next_zone is not what follows from the trail"
    ]


def test_nothing_changes_for_a_day_that_is_past(lab, person):
    lab.now = START + timedelta(days=30)
    lab.clockwork.tick()
    travel(lab, person, THERE, date(2026, 2, 1))
    (event,) = lab.events("participant.zone_changed")
    assert event.payload["since"] == wall_clock(lab.now, THERE).date().isoformat()
