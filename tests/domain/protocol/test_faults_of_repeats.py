"""What can be wrong about repeated waves, random times, expiry, days and requests."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault, faults_of

from longwave.domain.protocol import read_protocol

DIARY = "repeat: {every: P1W, times: 12}"
BURST = 'sampling: {days: 7, per_day: 5, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}'
EXPIRES = "expires: {unopened: P1D, idle: PT3H}"


@pytest.fixture
def rich(small: dict[str, bytes]) -> dict[str, bytes]:
    """The small study with a diary, experience sampling, a day and a request."""
    waves = f"""\
  - id: diary
    label: {{en: Diary, tr: Günlük}}
    anchor: randomisation
    target: P20W
    window: {{before: P0D, after: P2D}}
    at: 20:00
    instruments: [mood]
    {DIARY}
    {EXPIRES}
  - id: esm
    label: {{en: Moments, tr: Anlar}}
    anchor: randomisation
    target: P40W
    instruments: [mood]
    {BURST}
  - id: fair
    label: {{en: Fair, tr: Fuar}}
    anchor: 2027-03-01
    target: P0D
    window: {{before: P2D, after: P10D}}
    instruments: [mood]
  - id: event
    label: {{en: Event, tr: Olay}}
    anchor: request
    at_most: 3
    target: P0D
    window: {{before: P0D, after: P10D}}
    instruments: [mood]
"""
    text = small["protocol.yaml"].decode().replace("programmes:\n", f"{waves}programmes:\n", 1)
    return small | {"protocol.yaml": text.encode()}


CASES = [
    Broken("waves[3].repeat.every", "every: P1W", "every: P0D", "again at once", "P1W", "repeat"),
    Broken("waves[3].repeat.every", "every: P1W", "every: P1D", "still be open", "'every'"),
    Broken("waves[3].repeat.times", "times: 12", "times: 1", "from 2 to 400", "digits"),
    Broken("waves[3].at_most", "    at: 20:00", "    at_most: 2", "Only a wave on request", "Rem"),
    Broken("waves[3].expires.idle", "idle: PT3H", "idle: PT0H", "close at once", "PT12H"),
    Broken("waves[3].expires.unopened", "unopened: P1D", "unopened: P2D", "open for 2 da", "Short"),
    Broken(
        "waves[3].reminders[1]",
        "    at: 20:00",
        "    reminders: [PT2H, P2D]",
        "is open for 2 days",
        "Shorten the reminder",
    ),
    Broken("waves[3].reminders[0]", "    at: 20:00", "    reminders: [PT0H]", "follow", "growing"),
    Broken(
        "waves[4].reminders[0]",
        "target: P40W",
        "target: P40W\n    reminders: [PT30M]",
        "is open for 0.5 hours",
        "Shorten the reminder",
        "reminders:",
    ),
    Broken("waves[3].expires", EXPIRES, "expires: {}", "No rule", "unopened or idle"),
    Broken("waves[4].sampling.days", "days: 7", "days: 91", "from 1 to 90", "digits"),
    Broken("waves[4].sampling.per_day", "per_day: 5", "per_day: 9", "nothing to chance", "most 8"),
    Broken("waves[4].sampling.expires", "expires: PT30M", "expires: PT2H", "be open", "PT1H30"),
    Broken("waves[4].sampling.apart", "apart: PT90M", "apart: P1D", "hours and minutes", "PT90M"),
    Broken(
        "waves[4].sampling.between",
        '["09:00", "21:00"]',
        '["21:00", "09:00"]',
        "the earlier one first",
        '["09:00", "21:00"]',
    ),
    Broken(
        "waves[4].sampling.between",
        '["09:00", "21:00"]',
        '["00:00", "23:59"]',
        "the first of the next",
        "Shorten",
    ),
    Broken("waves[4].target", "target: P40W", "target: PT6H", "the very day", "P1D or more"),
    Broken("waves[4].at", "target: P40W", "target: P40W\n    at: 09:00", "drawn", "'sampl", "at:"),
    Broken(
        "waves[4].window",
        "target: P40W",
        "window: {before: P0D, after: P1D}\n    target: P40W",
        "has the window",
        "Remove it",
    ),
    Broken(
        "waves[4].repeat",
        "target: P40W",
        "repeat: {every: P4W, times: 2}\n    target: P40W",
        "by themselves",
        "one wave for each burst",
    ),
    Broken(
        "waves[4].window",
        f"    {BURST}\n",
        "",
        "The field 'window' is missing",
        "Add 'window'",
        "- id: esm",
    ),
    Broken("waves[5].anchor", "2027-03-01", "2027-02-29", "no day 2027-02-29", "2027-03-01"),
    Broken("waves[6].at_most", "at_most: 3", "at_most: 0", "from 1 to 99", "digits"),
    Broken(
        "waves[6].repeat",
        "    at_most: 3",
        f"    {DIARY.replace('P1W', 'P4W')}",
        "once for each request",
        "at_most",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(rich, case: Broken) -> None:
    assert_only_fault(rich, case)


def changed(files, *pairs):
    text = files["protocol.yaml"].decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return files | {"protocol.yaml": text.encode()}


def test_the_study_of_these_tests_is_sound_and_reads_as_written(rich) -> None:
    waves = {wave.id: wave for wave in read_protocol(rich).waves}
    assert {name: wave.occurrences for name, wave in waves.items()} == {
        "w0": 1,
        "w1": 1,
        "w2": 1,
        "diary": 12,
        "esm": 35,
        "fair": 1,
        "event": 3,
    }
    assert str(waves["diary"].repeat.every) == "P1W"
    assert str(waves["diary"].expires.idle) == "PT3H"
    assert waves["esm"].sampling.between == ("09:00", "21:00")
    assert str(waves["esm"].window.after) == "PT30M"


def test_the_number_of_the_last_occurrence_belongs_to_the_column(rich) -> None:
    """``mood_balance__`` has 14 characters and ``_12`` has 3: 15 are left for the wave."""
    assert read_protocol(changed(rich, ("id: diary", "id: a23456789012345"))).waves[3].repeat
    (fault,) = faults_of(changed(rich, ("id: diary", "id: a234567890123456")))
    assert fault.field == "waves[3].id"
    assert "mood_balance__a234567890123456_12 would have 33 characters" in fault.message
    assert "at most 15 characters" in fault.remedy


def test_windows_that_abut_at_month_ends_are_sound(rich) -> None:
    monthly = changed(
        rich,
        (DIARY, "repeat: {every: P1M, times: 3}"),
        ("before: P0D, after: P2D", "before: P0D, after: P1M"),
        ("target: P40W", "target: P60W"),
    )
    assert str(read_protocol(monthly).waves[3].repeat.every) == "P1M"


def test_a_repeated_wave_is_compared_with_others_up_to_its_last_window(rich) -> None:
    (fault,) = faults_of(changed(rich, ("target: P40W", "target: P31W")))
    assert fault.field == "waves[4].window"
    assert "'diary' and 'esm' can overlap" in fault.message


def test_days_of_the_calendar_are_compared_with_one_another(rich) -> None:
    second = (
        "  - {id: second, label: {en: S, tr: S}, anchor: 2027-03-09, target: P0D, "
        "window: {before: P0D, after: P9D}, instruments: [mood]}\nprogrammes:\n"
    )
    (fault,) = faults_of(changed(rich, ("programmes:\n", second)))
    assert "'fair' and 'second' can overlap" in fault.message
    read_protocol(changed(rich, ("programmes:\n", second.replace("2027-03-09", "2027-03-12"))))


@pytest.mark.parametrize(
    ("name", "message"),
    [("diary", "comes 12 times"), ("esm", "comes 35 times"), ("event", "comes on request")],
)
def test_no_analysis_names_a_wave_that_is_repeated_or_requested(rich, name, message) -> None:
    faults = faults_of(changed(rich, ("waves: [w0, w1, w2]", f"waves: [w0, w1, {name}]")))
    assert [(fault.field, message in fault.message) for fault in faults] == [
        ("analysis[0].waves[2]", True)
    ]
    (fault,) = faults_of(changed(rich, ("wave: w2, population", f"wave: {name}, population")))
    assert fault.field == "analysis[1].estimand.wave"
    assert "Name waves that come once" in fault.remedy


def test_nothing_that_all_need_hangs_on_a_wave_that_some_never_have(rich) -> None:
    (fault,) = faults_of(changed(rich, ("after: w2}", "after: fair}")))
    assert fault.field == "arms.later.crossover.after"
    assert "Who comes late never has the wave 'fair'" in fault.message
    assert "from: opening" in fault.remedy
    (fault,) = faults_of(changed(rich, ("after: w2}", "after: event}")))
    assert "comes only on request" in fault.message


@pytest.mark.parametrize(
    ("anchor", "more", "message"),
    [
        ("2027-01-01", "", "never be randomised"),
        ("request", "", "comes only on request"),
        ("enrolment", "    repeat: {every: P4W, times: 2}\n", "more than once"),
    ],
)
def test_randomisation_follows_a_wave_that_everybody_has_once(small, anchor, more, message) -> None:
    broken = changed(small, ("    anchor: enrolment\n", f"    anchor: {anchor}\n{more}"))
    fault = next(one for one in faults_of(broken) if one.field == "randomisation.after")
    assert message in fault.message


def test_nothing_hangs_on_a_request(rich) -> None:
    last = (
        "  - {id: later, label: {en: L, tr: L}, anchor: 'wave:event', target: P1D, "
        "window: {before: P0D, after: P9D}, instruments: [mood]}\nprogrammes:\n"
    )
    (fault,) = faults_of(changed(rich, ("programmes:\n", last)))
    assert fault.field == "waves[7].anchor"
    assert "may never be made" in fault.message
