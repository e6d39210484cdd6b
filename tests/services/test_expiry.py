"""How assessments close: unopened, idle, with their window, or missed in an outage."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.diary import cohort, wave
from factories.lab import Lab

from longwave.domain.errors import LinkExpiredError
from longwave.notify import Delivery, Outcome
from longwave.services import audit
from longwave.storage.tables import Message

WINDOW = timedelta(days=7)
WEEK = wave(
    "week",
    "enrolment",
    "P20D",
    window="{before: P0D, after: P7D}",
    at='"09:00"',
    expires="{unopened: PT48H, idle: PT2H}",
)


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, cohort(WEEK))
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    """Somebody for whom the week has just opened, and who was invited."""
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    lab.now = lab.assessment(person, "week").opens_at
    lab.clockwork.tick()
    return person


def closed(lab, person):
    found = lab.assessment(person, "week")
    return found.status, found.closing_reason, found.closed_at


def expiry_of(lab, person):
    return lab.assessment(person, "week").expires_at


def test_whoever_does_not_open_it_has_until_some_hours_after_the_invitation(lab, person):
    invited = lab.now
    assert lab.assessment(person, "week").invited_at == invited
    lab.wait(hours=47, minutes=59)
    assert lab.assessment(person, "week").status == "open"
    lab.wait(hours=5)  # noticed late
    assert closed(lab, person) == ("expired", "unopened", invited + timedelta(hours=48))
    (event,) = lab.events("assessment.expired")
    assert event.payload == {"wave": "week", "occurrence": 1, "reason": "unopened"}


def test_the_invitation_counts_and_not_the_opening(database_url):
    lab = Lab(database_url, cohort(WEEK))
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    lab.now = lab.assessment(person, "week").opens_at
    lab.transport.answer = Delivery(Outcome.RETRY, "later", server_trouble=True)
    lab.clockwork.tick()
    assert expiry_of(lab, person) == lab.assessment(person, "week").closes_at
    lab.transport.answer = Delivery(Outcome.SENT)
    lab.wait(days=1)
    assert expiry_of(lab, person) == lab.now + timedelta(hours=48)
    lab.close()


def test_opening_puts_the_rule_of_idleness_in_place_of_the_other(lab, person):
    lab.now += timedelta(hours=47)
    lab.begin(person, "week")
    assert expiry_of(lab, person) == lab.now + timedelta(hours=2)
    opened = lab.now
    lab.now += timedelta(hours=1)
    lab.begin(person, "week")
    assert expiry_of(lab, person) == opened + timedelta(hours=2)
    lab.wait(hours=3)
    assert closed(lab, person) == ("expired", "idle", opened + timedelta(hours=2))


def test_every_answer_counts_anew_and_what_was_answered_is_kept(lab, person):
    lab.begin(person, "week")
    lab.now += timedelta(hours=1, minutes=30)
    lab.fill(person, "week", pages=1)
    assert lab.assessment(person, "week").saved_at == lab.now
    saved = lab.now
    lab.now += timedelta(hours=1, minutes=59)
    lab.begin(person, "week")  # still open
    lab.wait(hours=1)
    assert closed(lab, person) == ("partial", "idle", saved + timedelta(hours=2))
    (event,) = lab.events("assessment.partial")
    assert event.payload["reason"] == "idle"
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
    assert report.findings == []
    assert report.proved == 2  # the baseline, and these partial answers


def test_what_has_expired_cannot_be_answered_before_a_sweep_notices(lab, person):
    lab.now += timedelta(hours=48)
    with pytest.raises(LinkExpiredError):
        lab.begin(person, "week")


def test_no_rule_passes_the_end_of_the_window(lab, person):
    found = lab.assessment(person, "week")
    lab.now += timedelta(hours=1)
    lab.begin(person, "week")
    for _ in range(100):
        lab.now += timedelta(hours=1, minutes=59)
        if lab.now >= found.closes_at:
            break
        lab.fill(person, "week", pages=1)
    lab.clockwork.tick()
    assert closed(lab, person) == ("partial", "window", found.closes_at)


def test_without_rules_an_assessment_closes_with_its_window(lab):
    person = lab.enrol(site="north")
    baseline = lab.assessment(person, "w0")
    lab.clockwork.tick()
    lab.begin(person, "w0")
    lab.now = baseline.closes_at + timedelta(days=1)
    lab.clockwork.tick()
    found = lab.assessment(person, "w0")
    assert (found.status, found.closing_reason, found.closed_at) == (
        "expired",
        "window",
        baseline.closes_at,
    )


def test_what_passed_in_an_outage_is_missed_and_nobody_is_invited_to_it(lab):
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    lab.transport.mails.clear()
    found = lab.assessment(person, "week")
    lab.now = found.closes_at + timedelta(days=3)
    lab.clockwork.tick()
    assert closed(lab, person) == ("expired", "missed", found.closes_at)
    (event,) = lab.events("assessment.expired")
    assert event.payload["reason"] == "missed"
    assert lab.transport.mails == []
    assert not any(row.step.startswith("week:") for row in lab.rows(Message))


def test_an_outage_within_the_window_costs_nothing_of_the_time_to_open(lab):
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    found = lab.assessment(person, "week")
    lab.now = found.opens_at + timedelta(days=3)
    lab.clockwork.tick()
    assert lab.assessment(person, "week").status == "open"
    assert expiry_of(lab, person) == lab.now + timedelta(hours=48)
