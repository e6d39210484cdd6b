"""What lies behind and before a participant: by date, and telling no arm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories.diary import cohort, wave
from factories.small_trial import FILES

from longwave.domain.lifecycle import AssessmentStatus as Status
from longwave.domain.outlook import Found, StepState, outlook, without_end
from longwave.domain.protocol import read_protocol

NOW = datetime(2026, 2, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def found(wave_id, status, opens=0.0, closes=14.0, occurrence=1, submitted=None):
    at = None if submitted is None else NOW + submitted * DAY
    return Found(wave_id, occurrence, status, NOW + opens * DAY, NOW + closes * DAY, at)


def told(steps):
    return [(step.wave, step.number, str(step.state), step.after) for step in steps]


@pytest.fixture(scope="module")
def trial():
    return read_protocol(FILES)


def test_what_has_no_date_says_what_it_waits_for(trial):
    steps = outlook(trial, [found("w0", Status.OPEN)], {"enrolment"}, NOW)
    assert told(steps) == [("w0", 1, "now", None), ("w1", 1, "later", "randomisation")]


def test_once_its_event_has_come_a_wave_that_was_not_planned_is_not_promised(trial):
    steps = outlook(trial, [found("w0", Status.COMPLETED)], {"enrolment", "randomisation"}, NOW)
    assert told(steps) == [("w0", 1, "done", None)]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.SCHEDULED, "ahead"),
        (Status.OPEN, "now"),
        (Status.STARTED, "now"),
        (Status.COMPLETED, "done"),
        (Status.PARTIAL, "partly"),
        (Status.EXPIRED, "missed"),
    ],
)
def test_each_status_is_told_as_its_participant_sees_it(trial, status, state):
    (step,) = outlook(trial, [found("w0", status)], {"enrolment", "randomisation"}, NOW)
    assert step.state == state


def test_what_was_called_off_is_not_told_and_what_is_overdue_is_not_open(trial):
    passed = {"enrolment", "randomisation"}
    assert outlook(trial, [found("w0", Status.CANCELLED)], passed, NOW) == []
    (step,) = outlook(trial, [found("w0", Status.OPEN, -14, 0)], passed, NOW)
    assert step.state is StepState.MISSED


def test_who_is_asked_no_more_has_nothing_before_them(trial):
    rows = [found("w0", Status.PARTIAL), found("w1", Status.SCHEDULED, 20, 30)]
    assert told(without_end(outlook(trial, rows, {"enrolment"}, NOW))) == [
        ("w0", 1, "partly", None)
    ]


def test_waves_of_a_programme_or_on_request_appear_when_they_are_planned():
    text = FILES["protocol.yaml"].decode()
    more = (
        wave("p1", "programme", "P2W", window="{before: P0D, after: P7D}")
        + wave("p2", "wave:p1", "P2W", window="{before: P0D, after: P7D}")
        + wave("r1", "request", "P0D", window="{before: P0D, after: P7D}")
    )
    protocol = read_protocol(
        {**FILES, "protocol.yaml": text.replace("programmes:\n", f"{more}programmes:\n").encode()}
    )
    passed = {"enrolment", "randomisation", "programme"}
    rows = [found("w0", Status.COMPLETED)]
    assert told(outlook(protocol, rows, passed, NOW)) == [("w0", 1, "done", None)]
    rows += [found("p1", Status.SCHEDULED, 14, 21), found("r1", Status.OPEN, -1, 6)]
    assert told(outlook(protocol, rows, passed, NOW)) == [
        ("r1", 1, "now", None),
        ("w0", 1, "done", None),
        ("p1", 1, "ahead", None),
    ]


def test_surprises_are_one_line_without_their_times():
    sampling = '{days: 2, per_day: 2, between: ["09:00", "20:00"], apart: PT1H, expires: PT30M}'
    protocol = read_protocol(cohort(wave("d1", "enrolment", "P20D", sampling=sampling)))
    rows = [
        found("d1", Status.COMPLETED, 1.1, 1.2, 1, submitted=1.15),
        found("d1", Status.EXPIRED, 1.5, 1.6, 2),
        found("d1", Status.SCHEDULED, 2.1, 2.2, 3),
        found("d1", Status.SCHEDULED, 2.5, 2.6, 4),
    ]
    (step,) = outlook(protocol, rows, {"enrolment"}, NOW + 2 * DAY)
    assert (step.surprise, step.number, step.of, step.state) == (True, 1, 4, StepState.AHEAD)
    assert (step.opens_at, step.closes_at) == (NOW + 1.1 * DAY, NOW + 2.6 * DAY)
