"""Rehearsals of waves that come again and again, at random times, on a day, or not at all."""

from __future__ import annotations

from dataclasses import replace

from factories.diary import cohort, wave
from factories.rehearsing import DUTIFUL, outcomes, rehearsed

from longwave.rehearsal.rehearse.load import Spread

WEEKLY = wave(
    "diary",
    "enrolment",
    "P3W",
    at='"20:00"',
    window="{before: P0D, after: P2D}",
    repeat="{every: P1W, times: 12}",
)
RANDOM = wave(
    "esm",
    "enrolment",
    "P20D",
    sampling='{days: 3, per_day: 4, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}',
)


def test_a_diary_asks_every_week() -> None:
    report = rehearsed(cohort(WEEKLY), participants=8)
    assert outcomes(report, "diary") == {"complete": 8 * 12}
    # A copy of the consent, the baseline, and twelve weeks.
    assert report.messages.per_person == Spread(14.0, 14, 14)
    assert report.balance is None
    (strip,) = [one for one in report.strips if one.wave == "diary"]
    assert (strip.arm, strip.first, strip.last, len(strip.windows)) == ("all", 21, 21 + 77 + 2, 12)


def test_days_of_a_diary_that_are_left_out_are_counted_one_by_one() -> None:
    report = rehearsed(cohort(WEEKLY), participants=8, assumed=replace(DUTIFUL, nonresponse=0.5))
    found = outcomes(report, "diary")
    assert sum(found.values()) == 8 * 12
    # 48 of 96 are expected, with a standard deviation of 4.9.
    assert abs(found["unopened"] - 48) < 20


def test_random_times_ask_several_times_a_day() -> None:
    report = rehearsed(cohort(RANDOM), participants=8, assumed=replace(DUTIFUL, most_a_day=3))
    assert outcomes(report, "esm") == {"complete": 8 * 12}
    crowded = report.messages.crowded
    assert (crowded.days, crowded.people, crowded.most) == (8 * 3, 8, 4)


def test_random_times_are_the_same_for_the_same_seed() -> None:
    one, again = (rehearsed(cohort(RANDOM), participants=5).to_json() for _ in range(2))
    assert one == again


def test_a_day_that_has_passed_is_reached_by_nobody() -> None:
    past = wave("fair", "2026-01-10", "P0D", window="{before: P0D, after: P10D}")
    report = rehearsed(cohort(past), participants=5)
    assert [(lost.wave, lost.arm, lost.reason) for lost in report.unreached] == [
        (
            "fair",
            "all",
            "it counts from 2026-01-10, and everybody came after its window had closed",
        )
    ]


def test_a_day_to_come_is_reached() -> None:
    fair = wave("fair", "2027-09-10", "P0D", window="{before: P0D, after: P10D}")
    assert outcomes(rehearsed(cohort(fair), participants=5), "fair") == {"complete": 5}


ASKED = wave("crisis", "request", "P0D", window="{before: P0D, after: P3D}", at_most="2")


def test_a_wave_on_request_comes_as_often_as_it_may() -> None:
    often = replace(DUTIFUL, requests=30.0)
    report = rehearsed(cohort(WEEKLY, ASKED), participants=5, assumed=often)
    assert outcomes(report, "crisis") == {"complete": 5 * 2}


def test_what_nobody_requests_is_not_missing() -> None:
    report = rehearsed(cohort(ASKED), participants=5, assumed=replace(DUTIFUL, requests=0.0))
    (found,) = [one for one in report.waves if one.wave == "crisis"]
    assert (found.outcomes, found.missing) == ({}, 0.0)
    assert [lost.reason for lost in report.unreached] == [
        "it comes only on request, and nobody requested it"
    ]


def test_people_wait_for_a_reminder_only_where_one_can_come() -> None:
    waiting = replace(DUTIFUL, waits=1.0)
    later = WEEKLY.replace("target: P3W", "target: P5W")
    reminded = cohort(RANDOM, later, reminders="[PT2H]")
    report = rehearsed(reminded, participants=4, assumed=waiting)
    assert outcomes(report, "esm") == {"complete": 4 * 12}
    assert outcomes(report, "diary") == {"complete": 4 * 12}
    # A copy of the consent; the baseline, with a reminder; 12 weeks with one each; 12 moments.
    assert report.messages.per_person == Spread(39.0, 39, 39)


def test_a_wave_has_reminders_of_its_own_or_none() -> None:
    own = wave(
        "diary",
        "enrolment",
        "P3W",
        window="{before: P0D, after: P2D}",
        repeat="{every: P1W, times: 2}",
        reminders="[]",
    )
    waiting = replace(DUTIFUL, waits=1.0)
    report = rehearsed(cohort(own, reminders="[P1D]"), participants=4, assumed=waiting)
    assert outcomes(report, "diary") == {"complete": 8}
    assert report.messages.sent["reminder"] == 4
