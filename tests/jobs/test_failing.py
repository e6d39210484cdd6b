"""What fails for one person is put aside, and everybody else is dealt with."""

from __future__ import annotations

import pytest

from longwave.domain.tasks import TaskKind
from longwave.services import timeline
from longwave.storage.tables import Event, Message, Task

WAVE = "w1"


@pytest.fixture
def people(lab):
    """Several whose first follow-up is due; nobody has been invited to it yet."""
    found = [lab.randomise() for _ in range(4)]
    lab.now = max(lab.assessment(person, WAVE).opens_at for person in found)
    return found


def break_for(monkeypatch, where, name, person):
    """Let a step of the clockwork fail for one person, after it has written something."""
    real = getattr(where, name)

    def failing(session, *args, **how):
        result = real(session, *args, **how)
        if any(getattr(arg, "public_id", None) and arg.id == person for arg in args):
            session.flush()
            raise RuntimeError("a fault in the code")
        return result

    monkeypatch.setattr(where, name, failing)


def test_others_are_invited_when_one_cannot_be(lab, people, monkeypatch, caplog):
    first, *others = people
    break_for(monkeypatch, timeline, "open_assessment", first)
    lab.clockwork.tick()
    assert [lab.statuses(person)[WAVE] for person in others] == ["open"] * len(others)
    invited = {m.participant_id for m in lab.rows(Message) if m.step == f"{WAVE}:invitation"}
    assert invited == set(others)
    assert lab.statuses(first)[WAVE] == "scheduled"
    assert lab.participant(first).public_id in caplog.text
    assert "a fault in the code" in caplog.text


def test_the_team_is_told_once_however_often_it_fails(lab, people, monkeypatch):
    break_for(monkeypatch, timeline, "open_assessment", people[0])
    for _ in range(3):
        lab.wait(minutes=1)
    (task,) = lab.rows(Task)
    assert task.kind == TaskKind.CLOCKWORK_FAILED
    assert task.participant_id == people[0]
    assert [event.kind for event in lab.rows(Event) if event.kind == "task.added"] == ["task.added"]


def test_it_is_done_once_the_fault_is_mended(lab, people, monkeypatch):
    with monkeypatch.context() as broken:
        break_for(broken, timeline, "open_assessment", people[0])
        lab.clockwork.tick()
    lab.wait(minutes=1)
    assert [lab.statuses(person)[WAVE] for person in people] == ["open"] * len(people)


def test_a_full_batch_of_failures_stops_neither_the_sweep_nor_other_kinds_of_work(
    lab, people, monkeypatch
):
    def failing(*args, **how):
        raise RuntimeError("a fault in the code")

    monkeypatch.setattr(timeline, "open_assessment", failing)
    monkeypatch.setattr("longwave.jobs.tick.BATCH", 2)
    closing = lab.assessment(people[0], WAVE).closes_at
    lab.clockwork.tick()
    assert {lab.statuses(person)[WAVE] for person in people} == {"scheduled"}
    monkeypatch.undo()
    lab.now = closing
    lab.clockwork.tick()
    assert lab.statuses(people[0])[WAVE] == "expired"


def test_a_wave_that_cannot_be_closed_keeps_no_other_from_opening(lab, monkeypatch):
    early = lab.randomise()
    lab.now = lab.assessment(early, WAVE).opens_at
    lab.clockwork.tick()
    late = lab.randomise()
    lab.now = max(lab.assessment(early, WAVE).closes_at, lab.assessment(late, WAVE).opens_at)
    with monkeypatch.context() as broken:
        break_for(broken, timeline, "_finish", early)
        lab.clockwork.tick()
    assert lab.statuses(early)[WAVE] == "open"
    assert lab.statuses(late)[WAVE] == "open"
    lab.clockwork.tick()
    assert lab.statuses(early)[WAVE] == "expired"


def test_an_outage_of_everything_is_no_fault_of_a_person(lab, people, monkeypatch):
    def failing(*args, **how):
        raise ConnectionError("the database is away")

    monkeypatch.setattr("longwave.jobs.tick.sweep", failing)
    with pytest.raises(ConnectionError):
        lab.clockwork.tick()
    assert lab.rows(Task) == []
