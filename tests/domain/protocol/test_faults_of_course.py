"""What can be wrong about the course of the study, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault

PROGRAMMES = [
    Broken(
        "programmes.course.sessions",
        "    sessions: 8\n",
        "",
        "needs the field 'sessions'",
        "sessions: 8",
        "course:",
    ),
    Broken("programmes.course.every", "every: P1W", "every: P0D", "at once", "P1W"),
    Broken("programmes.course.groups.capacity", "capacity: 12", "capacity: 0", "from 1", "digits"),
    Broken(
        "programmes.practice.minutes", ", minutes: 10", "", "'minutes'", "minutes: 10", "practice"
    ),
    Broken(
        "programmes.practice.every", "minutes: 10", "minutes: 10, every: P1D", "has no", "Remove"
    ),
]

WAVES = [
    Broken("waves[1].id", "w1", "W-1", "cannot be an id", "lower-case", "id: W-1", everywhere=True),
    Broken(
        "waves[1].id",
        "w1",
        "w__1",
        "cannot be an id",
        "single underscores",
        "id: w__1",
        everywhere=True,
    ),
    Broken(
        "waves[1].id",
        "w1",
        "four_weeks_after_the_start",
        "mood_balance__four_weeks_after_the_start would have 40 characters",
        "at most 18 characters",
        "- id: four",
        everywhere=True,
    ),
    Broken(
        "waves[1].anchor",
        "anchor: randomisation",
        "anchor: start",
        "'start' is no anchor",
        "enrolment, randomisation, programme or wave:<id>",
    ),
    Broken(
        "waves[1].anchor", "anchor: randomisation", "anchor: enrollment", "'enrolment'", "Write"
    ),
    Broken("waves[1].anchor", "anchor: randomisation", "anchor: wave:w9", "no wave 'w9'", "w0, w1"),
    Broken(
        "waves[1].anchor", "anchor: randomisation", "anchor: wave:w1", "w1 -> w1", "to enrolment"
    ),
    Broken(
        "waves[0].anchor",
        "anchor: enrolment",
        "anchor: wave:w2",
        "circle: w0 -> w2 -> w1 -> w0",
        "to enrolment",
    ),
    Broken(
        "waves[0].anchor",
        "anchor: enrolment",
        "anchor: randomisation",
        "circle: w0 -> w0",
        "to enrolment",
    ),
    Broken(
        "waves[2].window.after",
        "window: {before: P3D, after: P10D}\n    instruments: [mood, habits]",
        "window: {before: P3D, after: 10 days}\n    instruments: [mood, habits]",
        "'10 days' is not an ISO 8601 duration",
        "P14D",
        "10 days",
    ),
    Broken(
        "waves[0].window.after",
        "before: P0D, after: P14D",
        "before: P0D, after: -P14D",
        "negative",
        "minus sign",
    ),
    Broken(
        "waves[0].window",
        "before: P0D, after: P14D",
        "before: P0D, after: P0D",
        "no length",
        "P14D",
    ),
    Broken(
        "waves[0].window.before",
        "before: P0D, after: P14D",
        "before: P1D, after: P14D",
        "open before the wave's anchor, enrolment",
        "at most as long as 'target'",
    ),
    Broken(
        "waves[0].window.afterr",
        "before: P0D, after: P14D",
        "before: P0D, after: P14D, afterr: P1D",
        "Did you mean 'after'",
        "Remove it",
    ),
    Broken("waves[1].at", "at: 09:00", "at: 25:00", "'25:00' is not a time", '"09:00"'),
    Broken("waves[1].at", "at: 09:00", "at: 9", "without quotes, 9", "quotes"),
    Broken(
        "waves[1].instruments[0]",
        "    at: 09:00\n    instruments: [mood]",
        "    at: 09:00\n    instruments: [mod]",
        "no instrument 'mod'. Did you mean 'mood'",
        "add instruments/mod.yaml",
        "[mod]",
    ),
    Broken(
        "waves[0].instruments[1]",
        "instruments: [mood, habits]\n  - id: w1",
        "instruments: [mood, mood]\n  - id: w1",
        "listed twice",
        "Remove one",
        "[mood, mood]",
    ),
    Broken(
        "messages.reminders[1]",
        "[P3D, P7D]",
        "[P3D, P13D]",
        "The window of 'w1' is open for 13 days",
        "lengthen",
    ),
    Broken("messages.reminders[1]", "[P3D, P7D]", "[P3D, P3D]", "follow one another", "[P3D, P7D]"),
    Broken("messages.reminders[0]", "[P3D, P7D]", "[PT0M, P7D]", "follow one another", "growing"),
    Broken("messages.quiet_hours", "[21:00, 08:00]", "[21:00]", "beginning and an end", "08:00"),
    Broken("messages.quiet_hours[0]", "[21:00, 08:00]", "[9pm, 08:00]", "not a time", "09:00"),
]

CASES = PROGRAMMES + WAVES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(
    small: dict[str, bytes], case: Broken
) -> None:
    assert_only_fault(small, case)
