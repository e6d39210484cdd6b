"""Amendments of when waves come: what is to come moves, what has come stays, nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.diary import cohort, wave
from factories.lab import OPENER, Lab

from longwave.domain.errors import InvalidInputError
from longwave.jobs.sweep import sweep
from longwave.services import audit, erasure, follow_up, withdrawal
from longwave.services import study as studies
from longwave.storage.tables import Message

WEEKLY = wave(
    "diary",
    "enrolment",
    "P20D",
    window="{before: P0D, after: P3D}",
    repeat="{every: P1W, times: 4}",
    at='"09:00"',
)
HALF = wave("half", "enrolment", "P26W", window="{before: P0D, after: P14D}")
YEAR = wave("year", "enrolment", "P52W", window="{before: P0D, after: P14D}")
EARLY = wave("early", "enrolment", "P15D", window="{before: P0D, after: P2D}")
BURST = wave(
    "burst",
    "enrolment",
    "P20D",
    sampling='{days: 3, per_day: 4, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}',
)


@pytest.fixture
def open_lab(database_url):
    opened = []

    def make(*waves):
        opened.append(Lab(database_url, cohort(*waves)))
        return opened[-1]

    yield make
    for lab in opened:
        lab.close()


def amend(lab, *waves):
    """Put a version with other waves in force, and let the clockwork tick."""
    with lab.database.writing() as session:
        studies.amend_study(session, lab.slug, cohort(*waves), viewer=OPENER, now=lab.now)
        lab.protocol = studies.current_protocol(session, studies.get_study(session, lab.slug))
    lab.clockwork.tick()


def times(lab, person, name):
    return {
        number: (found.opens_at, found.closes_at)
        for (of, number), found in lab.occasions(person).items()
        if of == name
    }


def statuses(lab, person, name):
    return [found.status for (of, _), found in sorted(lab.occasions(person).items()) if of == name]


def proves_itself(lab):
    with lab.database.reading() as session:
        return audit.verify(session, keys=lab.keys).findings == []


def enrolled(lab):
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    lab.clockwork.tick()
    return person


def at_diary(lab, person, number):
    """Go to the opening of an occurrence, through all before it."""
    for each in range(1, number + 1):
        lab.now = lab.assessment(person, "diary", each).opens_at
        lab.clockwork.tick()


def test_what_has_not_opened_moves_and_what_has_stays(open_lab):
    lab = open_lab(WEEKLY, HALF)
    person = enrolled(lab)
    at_diary(lab, person, 2)
    before, sent = times(lab, person, "diary"), len(lab.transport.mails)
    links = {row.token_hash for row in lab.occasions(person).values()}
    amend(lab, WEEKLY.replace("after: P3D", "after: P5D").replace("09:00", "18:00"), HALF)
    after = times(lab, person, "diary")
    assert [after[n] for n in (1, 2)] == [before[n] for n in (1, 2)]
    for number in (3, 4):
        opens, closes = before[number]
        assert after[number] == (
            opens + timedelta(hours=9),
            closes + timedelta(hours=9, days=2),
        )
    assert {row.token_hash for row in lab.occasions(person).values()} == links
    assert len(lab.transport.mails) == sent
    versions = {n: lab.assessment(person, "diary", n).protocol_version_id for n in (1, 2, 3, 4)}
    assert versions[1] == versions[2] != versions[3] == versions[4]
    assert proves_itself(lab)


def test_nothing_is_sent_twice_when_a_wave_that_was_asked_is_planned_for_later(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now = lab.assessment(person, "half").opens_at
    lab.clockwork.tick()
    lab.complete(person, "half")
    amend(lab, HALF.replace("P26W", "P30W"))
    lab.now += timedelta(weeks=4)
    lab.clockwork.tick()
    assert lab.assessment(person, "half").status == "completed"
    assert [row.step for row in lab.rows(Message) if row.step.startswith("half:")] == [
        "half:invitation"
    ]


def test_a_new_wave_is_planned_for_all_for_whom_it_is_still_to_come(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now += timedelta(days=16)
    amend(lab, EARLY, HALF, YEAR)
    assert lab.assessment(person, "early").status == "open"  # it is open for another day
    assert lab.assessment(person, "year").status == "scheduled"
    lab.now += timedelta(days=5)
    late = lab.enrol(site="north")
    assert set(lab.occasions(late)) == {("w0", 1), ("early", 1), ("half", 1), ("year", 1)}


def test_a_new_wave_that_is_past_is_planned_for_nobody_and_keeps_nobody(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now += timedelta(days=30)
    amend(lab, EARLY, HALF)
    assert ("early", 1) not in lab.occasions(person)
    lab.now = lab.assessment(person, "half").opens_at
    lab.clockwork.tick()
    lab.complete(person, "half")
    assert lab.participant(person).follow_up == "completed"


def test_whoever_had_come_to_the_end_is_followed_on(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now = lab.assessment(person, "half").opens_at
    lab.clockwork.tick()
    lab.complete(person, "half")
    assert lab.participant(person).follow_up == "completed"
    amend(lab, HALF, YEAR)
    assert lab.participant(person).follow_up == "active"
    lab.now = lab.assessment(person, "year").opens_at
    lab.clockwork.tick()
    lab.complete(person, "year")
    assert lab.participant(person).follow_up == "completed"
    assert len(lab.events("participant.continued")) == 1
    assert proves_itself(lab)


def test_a_longer_diary_goes_on_and_a_shorter_one_ends(open_lab):
    lab = open_lab(WEEKLY, HALF)
    person = enrolled(lab)
    at_diary(lab, person, 2)
    amend(lab, WEEKLY.replace("times: 4", "times: 6"), HALF)
    assert statuses(lab, person, "diary") == ["expired", "open", *4 * ["scheduled"]]
    amend(lab, WEEKLY.replace("times: 4", "times: 3"), HALF)
    assert statuses(lab, person, "diary") == [
        "expired", "open", "scheduled", "cancelled", "cancelled", "cancelled",
    ]  # fmt: skip
    assert proves_itself(lab)


def test_what_hangs_on_a_diary_comes_when_an_amendment_ends_it(open_lab):
    last = wave("last", "wave:diary", "P1W", window="{before: P0D, after: P7D}")
    lab = open_lab(WEEKLY, last)
    person = enrolled(lab)
    at_diary(lab, person, 2)
    lab.complete(person, "diary", occurrence=2)
    amend(lab, WEEKLY.replace("times: 4", "times: 2"), last)
    assert lab.assessment(person, "last").due_at == lab.now + timedelta(days=7)


def test_random_times_that_were_drawn_stay_and_further_days_follow(open_lab):
    lab = open_lab(BURST)
    person = enrolled(lab)
    before = times(lab, person, "burst")
    amend(lab, BURST.replace("days: 3", "days: 5"))
    after = times(lab, person, "burst")
    assert len(after) == 20
    assert {number: after[number] for number in before} == before


def test_a_window_that_an_amendment_puts_into_the_past_stays_as_it_was_planned(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now += timedelta(weeks=20)
    before = times(lab, person, "half")
    amend(lab, HALF.replace("P26W", "P10W"))
    assert times(lab, person, "half") == before
    assert lab.assessment(person, "half").status == "scheduled"


def test_an_amendment_in_an_outage_counts_from_when_it_was_made(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    opens, closes = times(lab, person, "half")[1]
    lab.now = opens - timedelta(days=1)
    with lab.database.writing() as session:
        files = cohort(HALF.replace("P26W", "P27W"))
        studies.amend_study(session, lab.slug, files, viewer=OPENER, now=lab.now)
    lab.now = opens + timedelta(days=2)  # the old window is open, the new one not yet
    lab.clockwork.tick()
    assert lab.assessment(person, "half").status == "scheduled"
    assert times(lab, person, "half")[1] == (opens + timedelta(days=7), closes + timedelta(days=7))


def test_who_left_is_planned_nothing_and_who_is_found_again_is(open_lab):
    lab = open_lab(HALF)
    gone, lost = enrolled(lab), enrolled(lab)
    lab.act(gone, withdrawal.withdraw)
    lab.act(lost, follow_up.mark_lost, reason="no answer", viewer=OPENER)
    amend(lab, HALF, YEAR)
    assert not any(("year", 1) in lab.occasions(person) for person in (gone, lost))
    lab.act(lost, follow_up.mark_found, reason="wrote", viewer=OPENER, keys=lab.keys)
    assert lab.assessment(lost, "year").status == "scheduled"


def test_whose_data_were_erased_is_planned_nothing(open_lab):
    lab = open_lab(HALF)
    person = enrolled(lab)
    lab.now = lab.assessment(person, "half").opens_at
    lab.clockwork.tick()
    lab.complete(person, "half")
    lab.act(person, erasure.erase, reason="asked us to", viewer=OPENER)
    assert lab.participant(person).follow_up == "completed"
    amend(lab, HALF, YEAR)
    assert ("year", 1) not in lab.occasions(person)
    assert lab.participant(person).follow_up == "completed"


def test_an_amendment_is_carried_out_a_batch_at_a_time_before_anything_opens(open_lab):
    lab = open_lab(HALF)
    people = [enrolled(lab) for _ in range(5)]
    lab.now = lab.assessment(people[0], "half").opens_at - timedelta(days=1)
    with lab.database.writing() as session:
        files = cohort(HALF.replace("P26W", "P27W"))
        studies.amend_study(session, lab.slug, files, viewer=OPENER, now=lab.now)
    lab.now += timedelta(days=1)
    for replanned in (2, 2, 1, 0):
        with lab.database.writing() as session:
            report = sweep(session, lab.now, 2, keys=lab.keys)
        assert (report.replanned, report.opened) == (replanned, 0)
    assert {lab.assessment(person, "half").status for person in people} == {"scheduled"}


@pytest.mark.parametrize(
    ("waves", "path"),
    [
        ((HALF,), r"waves\[1\]"),
        ((HALF, WEEKLY), "waves"),
        ((WEEKLY.replace("[rest]", "[rest, load]"), HALF), r"waves\[1\]\.instruments"),
        ((WEEKLY.replace("enrolment", "wave:w0"), HALF), r"waves\[1\]\.anchor"),
        ((WEEKLY.replace("    repeat: {every: P1W, times: 4}\n", ""), HALF), r"waves\[1\].repeat"),
    ],
)
def test_what_would_change_what_was_measured_is_refused(open_lab, waves, path):
    lab = open_lab(WEEKLY, HALF)
    with pytest.raises(InvalidInputError, match=f"cannot change .*{path}"):
        amend(lab, *waves)


def test_random_times_cannot_be_drawn_again(open_lab):
    lab = open_lab(BURST)
    with pytest.raises(InvalidInputError, match=r"sampling\.per_day"):
        amend(lab, BURST.replace("per_day: 4", "per_day: 3"))
