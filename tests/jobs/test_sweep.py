"""The sweep: idempotent, bounded, and harmless after an outage."""

from __future__ import annotations

from datetime import timedelta

from longwave.jobs.sweep import SweepReport, sweep
from longwave.services import heartbeat
from longwave.storage.tables import Event, Message


def run(lab, limit=100):
    with lab.database.writing() as session:
        return sweep(session, lab.now, limit, keys=lab.keys)


def test_doing_it_again_does_nothing_more(lab):
    person = lab.randomise()
    lab.now = lab.assessment(person, "w1").opens_at
    assert run(lab) == SweepReport(opened=1, closed=0)
    events = len(lab.rows(Event))
    assert run(lab) == SweepReport(opened=0, closed=0)
    assert len(lab.rows(Event)) == events


def test_nothing_opens_before_its_time(lab):
    person = lab.randomise()
    lab.now = lab.assessment(person, "w1").opens_at - timedelta(seconds=1)
    assert run(lab) == SweepReport(opened=0, closed=0)


def test_one_call_does_no_more_than_its_limit(lab):
    people = [lab.randomise() for _ in range(5)]
    lab.now = max(lab.assessment(person, "w1").opens_at for person in people)
    assert run(lab, limit=3).opened == 3
    assert run(lab, limit=3).opened == 2


def test_after_a_long_outage_no_invitation_goes_out_for_what_is_over(lab):
    person = lab.randomise()
    lab.transport.mails.clear()
    lab.now = lab.assessment(person, "w1").closes_at + timedelta(hours=1)
    lab.clockwork.tick()
    assert lab.statuses(person)["w1"] == "expired"
    assert "w1:invitation" not in {row.step for row in lab.rows(Message)}


def test_a_participant_who_reaches_the_end_has_completed_follow_up(lab):
    person = lab.randomise()
    for wave in ("w1", "w2", "w3", "w4"):
        lab.now = lab.assessment(person, wave).due_at
        lab.clockwork.tick()
        lab.complete(person, wave)
    assert lab.participant(person).follow_up == "completed"


def test_a_tick_is_noted(lab):
    lab.wait(minutes=1)
    with lab.database.reading() as session:
        assert heartbeat.last_tick(session) == lab.now


def test_who_leads_opens_all_in_batches_and_sends_nothing(lab):
    people = [lab.randomise() for _ in range(10)]
    lab.transport.mails.clear()
    lab.now = max(lab.assessment(person, "w1").opens_at for person in people)
    lab.clockwork.lead()
    assert {lab.statuses(person)["w1"] for person in people} == {"open"}
    assert lab.transport.mails == []
    with lab.database.reading() as session:
        assert heartbeat.last_tick(session) == lab.now


def test_who_must_stop_leading_begins_no_other_batch(lab):
    people = [lab.randomise() for _ in range(10)]
    lab.now = max(lab.assessment(person, "w1").opens_at for person in people)
    answers = iter([True, False, False])
    lab.clockwork.lead(lambda: next(answers))
    opened = [lab.statuses(person)["w1"] for person in people].count("open")
    assert 0 < opened < 10
