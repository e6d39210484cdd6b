"""Arms over time: periods, crossovers, and programmes that are stopped without a withdrawal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.lab import START

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotAllowedError, RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.jobs.sweep import sweep
from longwave.services import follow_up, programme, withdrawal
from longwave.storage.tables import Allocation, ArmPeriod, Event, Study

FACILITATOR = Viewer("facilitator@lab.example", Role.FACILITATOR, blinded=False)
COORDINATOR = Viewer("coordinator@lab.example", Role.COORDINATOR, blinded=False)
AFTER_W3 = "crossover: {programme: msc8, after: w3}"
WEEKS_8 = {AFTER_W3: "crossover: {programme: msc8, at: P8W, from: randomisation}"}
FROM_OPENING = {AFTER_W3: "crossover: {programme: msc8, at: P8W, from: opening}"}
LAST_WAVE = """    window: {before: P7D, after: P28D}
    at: "09:00"
    instruments: [scs_sf, bat_12, proqol_5]
"""
IN_THE_COURSE = {
    LAST_WAVE: LAST_WAVE
    + """  - id: w5
    label: {en: After the course, tr: Kurstan sonra, ar: بعد الدورة}
    anchor: programme
    target: P9W
    window: {before: P0D, after: P14D}
    instruments: [scs_sf]
"""
}


def in_arm(lab, arm):
    """Randomise until somebody is in an arm; return the participant's id."""
    for _ in range(30):
        person = lab.randomise()
        (allocation,) = [row for row in lab.rows(Allocation) if row.participant_id == person]
        if allocation.arm == arm:
            return person
    raise AssertionError(arm)


def periods(lab, person):
    return [
        (row.number, row.programme, row.starts_at, row.ends_at)
        for row in lab.rows(ArmPeriod)
        if row.participant_id == person
    ]


def events(lab, person, *kinds):
    return [
        (event.kind, event.payload)
        for event in lab.rows(Event)
        if event.participant_id == person and event.kind.startswith(kinds)
    ]


def test_an_arm_with_a_programme_begins_with_it(lab):
    person = in_arm(lab, "active")
    assert periods(lab, person) == [(1, "msc8", START, None)]
    assert lab.participant(person).programme == "on"
    assert events(lab, person, "programme.") == [
        ("programme.started", {"programme": "msc8", "number": 1})
    ]


def test_a_waiting_list_waits_and_then_begins_a_second_period(lab):
    person = in_arm(lab, "waitlist")
    assert periods(lab, person) == [(1, None, START, None)]
    assert lab.participant(person).programme == "not_started"
    lab.now = lab.assessment(person, "w3").due_at
    lab.clockwork.tick()
    lab.complete(person, "w3")
    assert periods(lab, person) == [(1, None, START, lab.now), (2, "msc8", lab.now, None)]
    assert lab.participant(person).programme == "on"
    assert events(lab, person, "programme.", "participant.crossed") == [
        ("participant.crossed_over", {"programme": "msc8"}),
        ("programme.started", {"programme": "msc8", "number": 2}),
    ]


def test_a_crossover_at_a_time_happens_in_the_sweep_and_once(make_lab):
    lab = make_lab(WEEKS_8)
    person = in_arm(lab, "waitlist")
    due = START + timedelta(weeks=8, hours=-1)  # clocks in Istanbul stay as they are
    assert lab.participant(person).crossover_due_at == START + timedelta(weeks=8)
    lab.now = due
    lab.clockwork.tick()
    assert len(periods(lab, person)) == 1
    lab.wait(hours=3)
    assert periods(lab, person)[1] == (2, "msc8", START + timedelta(weeks=8), None)
    assert lab.participant(person).crossover_due_at is None
    lab.wait(days=1)
    assert len(periods(lab, person)) == 2


def test_only_so_many_cross_over_in_one_sweep(make_lab):
    lab = make_lab(WEEKS_8)
    waiting = [in_arm(lab, "waitlist") for _ in range(3)]
    lab.now += timedelta(weeks=8)
    with lab.database.writing() as session:
        assert sweep(session, lab.now, 2, keys=lab.keys).crossed == 2
    with lab.database.writing() as session:
        assert sweep(session, lab.now, 2, keys=lab.keys).crossed == 1
    assert all(lab.participant(person).crossover_at for person in waiting)


def test_a_crossover_counted_from_the_opening_comes_to_all_at_once(make_lab):
    lab = make_lab(FROM_OPENING)
    early = in_arm(lab, "waitlist")
    lab.wait(weeks=5)
    later = in_arm(lab, "waitlist")
    lab.wait(weeks=3)
    assert lab.participant(early).crossover_at == lab.participant(later).crossover_at == lab.now
    late = in_arm(lab, "waitlist")
    assert periods(lab, late) == [(1, None, lab.now, lab.now), (2, "msc8", lab.now, None)]
    assert lab.participant(late).crossover_due_at is None


def test_members_of_a_cluster_cross_over_with_their_cluster(make_lab):
    lab = make_lab(WEEKS_8)
    person = lab.enrol()
    lab.now += timedelta(weeks=3)
    with lab.database.writing() as session:
        found = session.get_one(type(lab.participant(person)), person)
        study = session.get_one(Study, found.study_id)
        session.add(
            Allocation(
                study_id=study.id,
                cluster="site=ankara",
                list="all",
                position=0,
                arm="waitlist",
                allocated_at=START,
            )
        )
        session.add(
            Allocation(
                study_id=study.id,
                participant_id=person,
                list="cluster:site=ankara",
                position=0,
                arm="waitlist",
                allocated_at=lab.now,
            )
        )
        found.stage, found.randomised_at = "randomised", lab.now
        session.flush()
        programme.start_arm(session, study, found, "waitlist", keys=lab.keys, now=lab.now)
    assert lab.participant(person).crossover_due_at == START + timedelta(weeks=8)


def test_whoever_has_left_never_crosses_over(make_lab):
    lab = make_lab(WEEKS_8)
    person = in_arm(lab, "waitlist")
    lab.act(person, withdrawal.withdraw)
    lab.wait(weeks=9)
    assert len(periods(lab, person)) == 1
    assert lab.participant(person).programme == "not_started"


def test_whoever_was_lost_crosses_over_when_found(make_lab):
    lab = make_lab(WEEKS_8)
    person = in_arm(lab, "waitlist")
    lab.act(person, follow_up.mark_lost, reason="no answer", viewer=COORDINATOR)
    lab.wait(weeks=9)
    assert len(periods(lab, person)) == 1
    lab.act(person, follow_up.mark_found, reason="called back", viewer=COORDINATOR, keys=lab.keys)
    lab.wait(minutes=1)
    assert periods(lab, person)[1][2] == lab.now - timedelta(minutes=1)


def test_waves_of_the_programme_are_planned_when_it_starts(make_lab):
    lab = make_lab({**WEEKS_8, **IN_THE_COURSE})
    active, waiting = in_arm(lab, "active"), in_arm(lab, "waitlist")
    assert lab.assessment(active, "w5").due_at == START + timedelta(weeks=9)
    assert "w5" not in lab.statuses(waiting)
    lab.wait(weeks=8)
    assert lab.assessment(waiting, "w5").due_at == START + timedelta(weeks=17)


def test_stopping_a_programme_is_no_withdrawal(lab):
    person = in_arm(lab, "active")
    lab.act(person, programme.stop, reason="no time", viewer=FACILITATOR)
    found = lab.participant(person)
    assert (found.programme, found.follow_up) == ("stopped", "active")
    assert periods(lab, person) == [(1, "msc8", START, None)]
    assert events(lab, person, "programme.stopped") == [
        ("programme.stopped", {"reason": "no time"})
    ]
    lab.wait(days=28)
    assert lab.statuses(person)["w1"] == "open"


def test_a_completed_programme_is_not_stopped_afterwards(lab):
    person = in_arm(lab, "active")
    lab.act(person, programme.complete, viewer=FACILITATOR)
    assert lab.participant(person).programme == "completed"
    with pytest.raises(RefusedTransitionError, match="completed"):
        lab.act(person, programme.stop, reason="no time", viewer=FACILITATOR)


def test_a_stop_needs_a_reason_a_role_and_sight(lab):
    person = in_arm(lab, "active")
    with pytest.raises(InvalidInputError):
        lab.act(person, programme.stop, reason=" ", viewer=FACILITATOR)
    monitor = Viewer("monitor@lab.example", Role.MONITOR, blinded=False)
    blinded = Viewer("blinded@lab.example", Role.FACILITATOR, blinded=True)
    for viewer in (monitor, blinded):
        with pytest.raises(NotAllowedError):
            lab.act(person, programme.stop, reason="no time", viewer=viewer)
    assert lab.participant(person).programme == "on"
