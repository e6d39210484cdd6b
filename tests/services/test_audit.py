"""The trail: an event for each thing that happened, sealed so that a change shows."""

from __future__ import annotations

import json
from itertools import pairwise

from factories.tampering import tamper

from longwave.keys import KeyRing, Purpose
from longwave.services import audit
from longwave.storage.assessment import GivenAnswer
from longwave.storage.tables import Answer, Event, Seal


def test_every_step_of_a_participant_leaves_an_event(lab):
    lab.randomise()
    kinds = [event.kind for event in lab.rows(Event)]
    of_some = {"programme.started", "participant.choice"}
    assert [kind for kind in kinds if kind not in of_some] == [
        "study.added",
        "study.opened",
        "participant.screened",
        "participant.enrolled",
        "assessment.opened",
        "contact.verified",
        "assessment.completed",
        "participant.randomised",
    ]


def test_each_tick_seals_what_came_since_the_last(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    lab.wait(hours=1)
    seals = lab.rows(Seal)
    events = lab.rows(Event)
    assert [seal.number for seal in seals] == list(range(1, len(seals) + 1))
    assert seals[0].first_event == events[0].id and seals[-1].last_event == events[-1].id
    for earlier, later in pairwise(seals):
        assert later.first_event == earlier.last_event + 1


def test_a_head_follows_from_the_events_the_head_before_them_and_the_seal(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    previous = audit.GENESIS
    events = {event.id: event for event in lab.rows(Event)}
    for seal in lab.rows(Seal):
        block = [events[n] for n in range(seal.first_event, seal.last_event + 1)]
        assert seal.head == plain_head(lab.keys, previous, block, seal)
        assert seal.head != plain_head(KeyRing("another secret " * 3), previous, block, seal)
        previous = seal.head


def plain_head(keys, previous, events, seal=None):
    """Write down what a head is of, as plainly as can be."""
    lines = [previous]
    for event in events:
        who = [event.id, event.study_id, event.participant_id]
        told = [event.kind, event.actor, event.at.isoformat(), event.payload]
        lines.append(json.dumps([*who, *told], sort_keys=True))
    if seal is not None:
        at = seal.sealed_at.isoformat()
        lines.append(f"seal {seal.number} {seal.first_event} {seal.last_event} {at}")
    return keys.mac(Purpose.TRAIL, "\n".join(lines))


def test_a_quiet_hour_seals_nothing(lab):
    lab.wait(hours=1)
    before = len(lab.rows(Seal))
    lab.wait(hours=1)
    assert len(lab.rows(Seal)) == before


def test_the_end_of_an_assessment_proves_its_answers(lab):
    who = lab.enrol()
    lab.fill(who, "w0", pages=1)
    lab.wait(days=60)
    (event,) = [found for found in lab.rows(Event) if found.kind == "assessment.partial"]
    assessment = lab.assessment(who, "w0")
    answers = {
        (row.instrument, row.item): GivenAnswer(row.value, row.missing_reason)
        for row in lab.rows(Answer)
    }
    assert len(assessment.salt) == 32
    assert event.payload["answers"] == audit.answers_digest(assessment.salt, answers)
    assert event.payload["answers"] != audit.answers_digest(b"another", answers)


def test_a_digest_follows_from_every_answer_and_not_from_their_order():
    answers = {
        ("a", "i1"): GivenAnswer("1", None),
        ("a", "i2"): GivenAnswer(None, "refused"),
        ("b", "i1"): GivenAnswer("1", None),
    }
    whole = audit.answers_digest(b"salt", answers)
    assert whole == audit.answers_digest(b"salt", dict(reversed(answers.items())))
    others = [
        {**answers, ("a", "i1"): GivenAnswer("2", None)},
        {**answers, ("a", "i2"): GivenAnswer("refused", None)},
        {**answers, ("a", "i3"): GivenAnswer("1", None)},
        {place: answer for place, answer in answers.items() if place[0] == "a"},
        {},
    ]
    assert len({whole, *(audit.answers_digest(b"salt", other) for other in others)}) == 6


def test_heads_of_the_first_version_still_verify(lab):
    lab.wait(hours=1)
    lab.randomise()
    lab.wait(hours=1)
    previous, events = audit.GENESIS, {event.id: event for event in lab.rows(Event)}
    for seal in lab.rows(Seal):
        block = [events[n] for n in range(seal.first_event, seal.last_event + 1)]
        previous = plain_head(lab.keys, previous, block)
        tamper(
            lab.database,
            "seal",
            "UPDATE seal SET head = :head WHERE number = :number",
            head=previous,
            number=seal.number,
        )
    lab.randomise()
    lab.wait(hours=1)
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
    assert (report.passed, report.blocks) == (True, len(lab.rows(Seal)))


def test_memory_and_blocks_do_not_depend_on_how_the_trail_is_read(lab, monkeypatch):
    monkeypatch.setattr("longwave.services.audit.sealing._BLOCK", 7)
    monkeypatch.setattr("longwave.services.audit.chain._FETCH", 2)
    monkeypatch.setattr("longwave.services.audit.people._PEOPLE", 1)
    monkeypatch.setattr("longwave.storage.record.common._FETCH", 2)
    for _ in range(3):
        lab.randomise()
    lab.wait(hours=1)
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
    assert report.passed
    assert (report.blocks, report.sealed) == (len(lab.rows(Seal)), len(lab.rows(Event)))
    assert (report.participants, report.proved) == (3, 3)
