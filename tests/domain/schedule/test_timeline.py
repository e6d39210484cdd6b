"""The whole planned course of one participant, arm by arm."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from factories.broken import small_study

from longwave.domain.protocol import read_protocol
from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import Course, timeline, wall_clock

ZONE = "Europe/Istanbul"
ENROLLED = datetime(2027, 3, 1, 7, tzinfo=UTC)  # ten in the morning
COURSE = Course(ENROLLED, ZONE)


def protocol(*changes, waves=""):
    files = small_study()
    text = files["protocol.yaml"].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    text = text.replace("programmes:\n", f"{waves}programmes:\n", 1)
    return read_protocol(files | {"protocol.yaml": text.encode()})


def extra(name, fields):
    return f"  - {{id: {name}, label: {{en: {name}, tr: {name}}}, instruments: [mood], {fields}}}\n"


PROGRAMME_WAVE = extra(
    "p1", "anchor: programme, target: P1W, window: {before: P0D, after: P9D}, at: '18:00'"
)


def opened(found, wave):
    return [one.window.opens_at for one in found.occasions if one.wave == wave]


def due(found, wave):
    return [one.window.due_wall.isoformat() for one in found.occasions if one.wave == wave]


def test_each_wave_counts_from_what_it_hangs_on():
    found = timeline(protocol(), "now", COURSE)
    assert due(found, "w0") == ["2027-03-01T10:00:00"]
    assert found.randomised_at == ENROLLED
    assert due(found, "w1") == ["2027-03-29T09:00:00"]
    assert due(found, "w2") == ["2027-04-26T09:00:00"]
    assert found.never == ()


def test_what_was_completed_when_moves_what_hangs_on_it():
    late = datetime(2027, 3, 5, 12, tzinfo=UTC)
    slow = datetime(2027, 4, 5, 12, tzinfo=UTC)
    found = timeline(protocol(), "now", Course(ENROLLED, ZONE, completed={"w0": late, "w1": slow}))
    assert found.randomised_at == late
    assert due(found, "w1") == ["2027-04-02T09:00:00"]
    assert due(found, "w2") == ["2027-05-03T15:00:00"]


def test_an_arm_with_a_programme_starts_it_at_randomisation_and_a_waiting_one_at_crossover():
    now, later = (timeline(protocol(), arm, COURSE) for arm in ("now", "later"))
    assert [period.starts_at for period in now.periods] == [ENROLLED]
    assert now.crossover_at is None
    (period,) = later.periods
    assert period.starts_at == later.crossover_at == datetime(2027, 4, 26, 6, tzinfo=UTC)
    assert len(period.sessions) == 8
    assert period.ends_at == period.starts_at + timedelta(weeks=7)


def test_a_wave_that_counts_from_the_programme_comes_after_the_crossover_in_a_waiting_arm():
    whole = protocol(waves=PROGRAMME_WAVE)
    now, later = (timeline(whole, arm, COURSE) for arm in ("now", "later"))
    assert due(now, "p1") == ["2027-03-08T18:00:00"]
    assert due(later, "p1") == ["2027-05-03T18:00:00"]


def test_in_an_arm_without_a_programme_such_a_wave_never_comes():
    whole = protocol(("\n    crossover: {programme: course, after: w2}", ""), waves=PROGRAMME_WAVE)
    assert timeline(whole, "later", COURSE).never == ("p1",)


def test_after_a_second_programme_what_has_not_opened_counts_from_the_crossover():
    second = (
        "programme: course}\n",
        "programme: course, crossover: {programme: practice, at: P20D}}\n",
    )
    diary = extra(
        "p1",
        "anchor: programme, target: P1W, window: {before: P0D, after: P3D}, at: '18:00', "
        "repeat: {every: P1W, times: 4}",
    )
    found = timeline(protocol(second, waves=diary), "now", COURSE)
    assert found.crossover_at == ENROLLED + timedelta(days=20)
    assert due(found, "p1") == [
        "2027-03-08T18:00:00",
        "2027-03-15T18:00:00",
        "2027-04-11T18:00:00",
        "2027-04-18T18:00:00",
    ]
    assert [period.programme for period in found.periods] == ["course", "practice"]


@pytest.mark.parametrize(("day", "never"), [("2027-02-10", ("market",)), ("2027-03-20", ())])
def test_who_enrols_after_a_day_of_the_calendar_never_has_its_wave(day, never):
    wave = extra("market", "anchor: 2027-03-01, target: P0D, window: {before: P0D, after: P9D}")
    wave = wave.replace("2027-03-01", day)
    assert timeline(protocol(waves=wave), "now", COURSE).never == never


def test_a_wave_on_request_is_not_planned():
    wave = extra("adhoc", "anchor: request, target: P0D, window: {before: P0D, after: P9D}")
    assert timeline(protocol(waves=wave), "now", COURSE).never == ("adhoc",)


def test_what_follows_a_repeated_wave_follows_its_last_occurrence():
    waves = extra(
        "diary",
        "anchor: randomisation, target: P120D, window: {before: P0D, after: P1D}, "
        "repeat: {every: P1W, times: 3}, at: '20:00'",
    ) + extra("after", "anchor: wave:diary, target: P1D, window: {before: P0D, after: P9D}")
    found = timeline(protocol(waves=waves), "now", COURSE)
    assert [one.occurrence for one in found.occasions if one.wave == "diary"] == [1, 2, 3]
    assert due(found, "diary")[-1] == "2027-07-13T20:00:00"
    assert due(found, "after") == ["2027-07-14T20:00:00"]


def test_random_times_come_from_what_is_given_for_the_wave():
    waves = extra(
        "esm",
        "anchor: randomisation, target: P120D, sampling: {days: 2, per_day: 3, "
        "between: ['09:00', '21:00'], apart: PT90M, expires: PT30M}",
    )
    whole = protocol(waves=waves)

    def planned(seed):
        course = Course(ENROLLED, ZONE, draws=lambda wave: Draws(bytes([seed] * 32), wave).below)
        return due(timeline(whole, "now", course), "esm")

    assert len(planned(1)) == 6
    assert planned(1) == planned(1) != planned(2)


def test_reminders_follow_the_opening_outside_quiet_hours_while_the_window_is_open():
    found = timeline(protocol(), "now", COURSE)
    first = next(one for one in found.occasions if one.wave == "w0")
    assert first.reminders == (ENROLLED + timedelta(days=3), ENROLLED + timedelta(days=7))
    night = timeline(protocol(), "now", Course(ENROLLED + timedelta(hours=12), ZONE))
    reminders = next(one for one in night.occasions if one.wave == "w0").reminders
    assert [wall_clock(at, ZONE).isoformat() for at in reminders] == [
        "2027-03-05T08:00:00",
        "2027-03-09T08:00:00",
    ]


def test_a_journey_moves_what_has_not_opened():
    moves = ((date(2027, 3, 10), "America/New_York"),)
    home, away = (
        timeline(protocol(), "now", course)
        for course in (COURSE, Course(ENROLLED, ZONE, moves=moves))
    )
    assert opened(home, "w0") == opened(away, "w0")
    assert due(home, "w1") == due(away, "w1")
    assert opened(away, "w1")[0] - opened(home, "w1")[0] == timedelta(hours=7)


def test_a_stepped_start_counts_from_the_opening_of_the_study():
    stepped = protocol(("after: w2}", "at: P10W, from: opening}"))
    begun = ENROLLED - timedelta(weeks=4)
    found = timeline(stepped, "later", Course(ENROLLED, ZONE, study_opened_at=begun))
    assert found.crossover_at == begun + timedelta(weeks=10)
    long_ago = ENROLLED - timedelta(weeks=40)
    found = timeline(stepped, "later", Course(ENROLLED, ZONE, study_opened_at=long_ago))
    assert found.crossover_at == found.randomised_at
