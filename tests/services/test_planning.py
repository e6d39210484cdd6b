"""What is planned for a participant: every occurrence, once, and what hangs on the last one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from factories.diary import cohort, wave
from factories.lab import OPENER, START, Lab
from sqlalchemy import event

from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import plan_windows
from longwave.jobs.sweep import sweep
from longwave.keys import Purpose
from longwave.services import audit, follow_up
from longwave.services.overview import participant_row
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Participant

WEEKLY = wave(
    "diary",
    "enrolment",
    "P20D",
    window="{before: P0D, after: P3D}",
    repeat="{every: P1W, times: 4}",
    at='"09:00"',
)
AFTER = wave("last", "wave:diary", "P1W", window="{before: P0D, after: P7D}")
PROMPTS = wave(
    "burst",
    "enrolment",
    "P20D",
    sampling='{days: 3, per_day: 4, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}',
)


@pytest.fixture
def open_lab(database_url):
    opened = []

    def make(*waves, **how):
        opened.append(Lab(database_url, cohort(*waves, **how)))
        return opened[-1]

    yield make
    for lab in opened:
        lab.close()


def sweep_at(lab, at):
    lab.now = at
    with lab.database.writing() as session:
        return sweep(session, lab.now, 1000, keys=lab.keys)


def statuses(lab, person, name):
    found = lab.occasions(person)
    return [found[each].status for each in sorted(found) if each[0] == name]


def proves_itself(lab):
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []


def test_every_occurrence_of_a_diary_is_planned_at_once(open_lab):
    lab = open_lab(WEEKLY, AFTER)
    person = lab.enrol(site="north")
    planned = lab.occasions(person)
    assert [each for each in planned if each[0] == "diary"] == [("diary", n) for n in range(1, 5)]
    windows = plan_windows(lab.protocol.wave("diary"), START, "Europe/Istanbul")
    for number, window in windows.items():
        found = planned["diary", number]
        assert (found.opens_at, found.due_at, found.closes_at, found.expires_at) == (
            window.opens_at,
            window.due_at,
            window.closes_at,
            window.closes_at,
        )
        assert found.due_wall == window.due_wall.isoformat(timespec="minutes")
    assert len({found.token_hash for found in planned.values()}) == len(planned)


def test_random_times_follow_from_the_key_and_the_participant_alone(open_lab):
    lab = open_lab(PROMPTS)
    people = [lab.enrol(site="north") for _ in range(2)]
    times = []
    for person in people:
        public_id = lab.participant(person).public_id
        seed = bytes.fromhex(lab.keys.mac(Purpose.SAMPLING, f"{public_id}:burst"))
        windows = plan_windows(
            lab.protocol.wave("burst"), START, "Europe/Istanbul", Draws(seed, "burst").below
        )
        found = [each for each in lab.occasions(person).items() if each[0][0] == "burst"]
        assert [row.opens_at for _, row in found] == [w.opens_at for w in windows.values()]
        assert [occasion[1] for occasion, _ in found] == list(range(1, 13))
        times.append([row.opens_at for _, row in found])
    assert times[0] != times[1]


def test_a_diary_of_hundreds_takes_a_handful_of_statements(open_lab):
    lab = open_lab(WEEKLY.replace("times: 4", "times: 400"))
    person = lab.screen(site="north")
    statements = []
    event.listen(
        lab.database.engine,
        "before_cursor_execute",
        lambda *called: statements.append((called[2], called[5])),
    )
    lab.consent(person)
    inserts = [many for sql, many in statements if sql.startswith("INSERT INTO assessment")]
    assert inserts == [True]
    assert len(statements) < 40
    assert len(lab.occasions(person)) == 401


def test_what_hangs_on_a_diary_is_planned_when_its_last_occurrence_is_over(open_lab):
    lab = open_lab(WEEKLY, AFTER)
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    for number in range(1, 5):
        sweep_at(lab, lab.assessment(person, "diary", number).due_at)
        assert ("last", 1) not in lab.occasions(person)
        if number != 2:
            lab.complete(person, "diary", occurrence=number)
    last = lab.assessment(person, "diary", 4)
    assert statuses(lab, person, "diary") == ["completed", "expired", "completed", "completed"]
    assert lab.assessment(person, "last").due_at == last.closed_at + timedelta(days=7)
    assert lab.participant(person).follow_up == "active"
    sweep_at(lab, lab.assessment(person, "last").due_at)
    lab.complete(person, "last")
    assert lab.participant(person).follow_up == "completed"
    proves_itself(lab)


def test_follow_up_does_not_end_while_an_occurrence_is_left(open_lab):
    lab = open_lab(WEEKLY)
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    for number in range(1, 5):
        sweep_at(lab, lab.assessment(person, "diary", number).due_at)
        assert lab.participant(person).follow_up == "active"
        lab.complete(person, "diary", occurrence=number)
    assert lab.participant(person).follow_up == "completed"


def test_a_day_of_the_calendar_is_the_same_for_everybody_who_enters_before_it_closes(open_lab):
    day = wave("spring", "2026-04-01", "P0D", window="{before: P0D, after: P14D}", at='"09:00"')
    lab = open_lab(day)
    early = lab.enrol(site="north")
    lab.now = datetime.fromisoformat("2026-04-05T12:00+00:00")
    within = lab.enrol(site="north")
    lab.now += timedelta(days=20)
    late = lab.enrol(site="north")
    opens = datetime.fromisoformat("2026-04-01T06:00+00:00")
    assert lab.assessment(early, "spring").opens_at == opens
    assert lab.assessment(within, "spring").opens_at == lab.participant(within).enrolled_at
    assert ("spring", 1) not in lab.occasions(late)
    lab.complete(late, "w0")
    assert lab.participant(late).follow_up == "completed"


def test_who_comes_late_to_a_diary_of_days_has_the_rest_of_it(open_lab):
    days = WEEKLY.replace("anchor: enrolment", "anchor: 2026-02-01").replace("P20D", "P0D")
    lab = open_lab(days)
    lab.now = datetime.fromisoformat("2026-02-12T12:00+00:00")
    person = lab.enrol(site="north")
    assert [number for name, number in lab.occasions(person) if name == "diary"] == [3, 4]


def test_a_wave_on_request_is_not_planned_and_keeps_nobody_in_follow_up(open_lab):
    asked = wave("extra", "request", "P0D", window="{before: P0D, after: P3D}", at_most="2")
    lab = open_lab(asked)
    person = lab.enrol(site="north")
    assert list(lab.occasions(person)) == [("w0", 1)]
    lab.complete(person, "w0")
    assert lab.participant(person).follow_up == "completed"


# --- after a crossover ---------------------------------------------------------------------------

WEEKS_8 = {
    "crossover: {programme: msc8, after: w3}": (
        "crossover: {programme: msc8, at: P8W, from: randomisation}"
    ),
    """    window: {before: P7D, after: P28D}
    at: "09:00"
    instruments: [scs_sf, bat_12, proqol_5]
""": """    window: {before: P7D, after: P28D}
    at: "09:00"
    instruments: [scs_sf, bat_12, proqol_5]
  - id: use
    label: {en: Practice, tr: Uygulama, ar: تمرين}
    anchor: programme
    target: P1W
    window: {before: P0D, after: P2D}
    repeat: {every: P1W, times: 3}
    instruments: [scs_sf]
""",
}


def waiting(lab):
    for _ in range(30):
        person = lab.randomise()
        (allocation,) = [row for row in lab.rows(Allocation) if row.participant_id == person]
        if allocation.arm == "waitlist":
            return person
    raise AssertionError("nobody waits")


def test_occurrences_of_the_programme_count_from_the_crossover(database_url):
    lab = Lab(database_url, edits=WEEKS_8)
    person = waiting(lab)
    assert statuses(lab, person, "use") == []
    crossed = START + timedelta(weeks=8)
    sweep_at(lab, crossed + timedelta(hours=5))
    assert [lab.assessment(person, "use", n).due_at - crossed for n in (1, 2, 3)] == [
        timedelta(weeks=n) for n in (1, 2, 3)
    ]
    lab.close()


def test_what_had_opened_before_a_second_programme_stays_and_the_rest_moves(database_url):
    first, second = list(WEEKS_8)
    lab = Lab(
        database_url,
        edits={
            first: (
                "programme: again\n    crossover: {programme: msc8, at: P10D, from: randomisation}"
            ),
            second: WEEKS_8[second],
            "programmes:\n  msc8:": """programmes:
  again:
    kind: daily
    label: {en: Practice, tr: Uygulama, ar: تمرين}
    minutes: 5
  msc8:""",
        },
    )
    person = waiting(lab)
    planned = {n: lab.assessment(person, "use", n).due_at for n in (1, 2, 3)}
    assert planned[1] == START + timedelta(weeks=1)
    sweep_at(lab, START + timedelta(weeks=1))
    crossed = START + timedelta(days=10)
    sweep_at(lab, crossed)
    moved = {n: lab.assessment(person, "use", n).due_at for n in (1, 2, 3)}
    assert moved == {
        1: planned[1],
        2: crossed + timedelta(weeks=2),
        3: crossed + timedelta(weeks=3),
    }
    lab.close()


# --- lost and found ------------------------------------------------------------------------------


def test_who_is_found_goes_on_with_the_rest_of_the_diary(open_lab):
    lab = open_lab(WEEKLY, AFTER)
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    sweep_at(lab, lab.assessment(person, "diary", 1).due_at)
    lab.act(person, follow_up.mark_lost, reason="no answer", viewer=OPENER)
    sweep_at(lab, lab.assessment(person, "diary", 2).due_at)
    lab.act(person, follow_up.mark_found, reason="wrote", viewer=OPENER, keys=lab.keys)
    assert statuses(lab, person, "diary") == ["cancelled", "cancelled", "scheduled", "scheduled"]
    assert ("last", 1) not in lab.occasions(person)
    for number in (3, 4):
        sweep_at(lab, lab.assessment(person, "diary", number).due_at)
        lab.complete(person, "diary", occurrence=number)
    assert ("last", 1) in lab.occasions(person)


def test_who_is_found_after_the_diary_is_asked_what_hangs_on_it(open_lab):
    lab = open_lab(WEEKLY, AFTER)
    person = lab.enrol(site="north")
    lab.act(person, follow_up.mark_lost, reason="no answer", viewer=OPENER)
    end = lab.assessment(person, "diary", 4).opens_at
    sweep_at(lab, end)
    assert set(statuses(lab, person, "diary")) == {"cancelled"}
    lab.now += timedelta(days=1)
    lab.act(person, follow_up.mark_found, reason="wrote", viewer=OPENER, keys=lab.keys)
    assert lab.assessment(person, "last").due_at == end + timedelta(days=7)
    proves_itself(lab)


def test_staff_see_a_repeated_wave_by_the_last_occurrence_that_began(open_lab):
    lab = open_lab(WEEKLY)
    person = lab.enrol(site="north")
    lab.complete(person, "w0")

    def shown():
        with lab.database.reading() as session:
            study = get_study(session, lab.slug)
            public_id = session.get_one(Participant, person).public_id
            return participant_row(session, study, public_id, OPENER).waves["diary"]

    assert shown() == "scheduled"
    for number in (1, 2):
        sweep_at(lab, lab.assessment(person, "diary", number).opens_at)
    assert shown() == "open"
    lab.complete(person, "diary", occurrence=2)
    assert shown() == "completed"
