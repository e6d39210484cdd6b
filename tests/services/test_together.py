"""Answers of many at once: each is saved or refused by itself."""

from __future__ import annotations

import threading

import pytest
from factories.alarming import AlarmingLab
from factories.racing import at_once

from longwave.domain.errors import (
    InvalidInputError,
    LinkExpiredError,
    LinkUsedError,
    NotFoundError,
)
from longwave.services import assessment as assessments
from longwave.services.assessment import AnswersChangedError, Given, Offered
from longwave.storage.tables import Answer, Participant


def offered(lab, person, value, item="q1", instrument="scs_sf", wave="w0", revision=None):
    return Offered(
        lab.assessment(person, wave).id, instrument, item, lambda _: Given(value), revision
    )


def save(lab, *these):
    with lab.database.writing() as session:
        return assessments.save_together(session, these, now=lab.now)


def values(lab, person):
    found = lab.assessment(person, "w0").id
    return {row.item: row.value for row in lab.rows(Answer) if row.assessment_id == found}


def test_each_is_saved_as_one_that_comes_alone(lab):
    people = [lab.enrol() for _ in range(3)]
    outcomes = save(lab, *(offered(lab, person, str(n)) for n, person in enumerate(people, 1)))
    assert [values(lab, person) for person in people] == [{"q1": "1"}, {"q1": "2"}, {"q1": "3"}]
    for outcome, person in zip(outcomes, people, strict=True):
        found = lab.assessment(person, "w0")
        assert (found.status, found.revision, found.started_at) == ("started", 1, lab.now)
        assert (outcome.error, outcome.raised) == (None, False)
        assert outcome.sheet.assessment.revision == 1

    alone = lab.enrol()
    with lab.database.writing() as session:
        assessments.save_alone(session, offered(lab, alone, "3"), now=lab.now)
    assert values(lab, alone) == {"q1": "3"}
    facts = [
        (found.status, found.revision, found.started_at, found.expires_at)
        for found in (lab.assessment(whose, "w0") for whose in (people[0], alone))
    ]
    assert facts[0] == facts[1]


def test_one_that_is_refused_keeps_no_other_from_being_saved(lab):
    wrong, unasked, elsewhere, done, late, good = (lab.enrol() for _ in range(6))
    lab.complete(done, "w0")
    save(lab, offered(lab, elsewhere, "1"))
    save(lab, offered(lab, elsewhere, "2"))
    expired = offered(lab, late, "4")
    with lab.database.writing() as session:
        lab._assessment(session, late, "w0").expires_at = lab.now
    outcomes = save(
        lab,
        offered(lab, wrong, "17"),
        offered(lab, unasked, "3", item="nothing"),
        offered(lab, elsewhere, "5", revision=1),
        offered(lab, done, "3"),
        expired,
        offered(lab, good, "4"),
    )
    assert [type(outcome.error) for outcome in outcomes] == [
        InvalidInputError,
        NotFoundError,
        AnswersChangedError,
        LinkUsedError,
        LinkExpiredError,
        type(None),
    ]
    assert set(outcomes[0].error.fields) == {"q1"}
    assert values(lab, good) == {"q1": "4"}
    assert values(lab, elsewhere) == {"q1": "2"}
    assert [values(lab, person) for person in (wrong, unasked, late)] == [{}, {}, {}]


def test_one_that_does_not_exist_is_left_to_itself(lab):
    person = lab.enrol()
    nobody = Offered(123456, "scs_sf", "q1", lambda _: Given("1"))
    outcomes = save(lab, nobody, offered(lab, person, "4"))
    assert outcomes[0] is None
    assert values(lab, person) == {"q1": "4"}
    with lab.database.writing() as session:
        outcome = assessments.save_alone(session, nobody, now=lab.now)
    assert isinstance(outcome.error, NotFoundError)


def test_two_of_one_assessment_are_a_mistake(lab):
    person = lab.enrol()
    with pytest.raises(ValueError, match="once at a time"):
        save(lab, offered(lab, person, "1"), offered(lab, person, "2"))


def test_whoever_is_held_elsewhere_is_left_out_and_nobody_waits(lab):
    if lab.database.is_sqlite:
        return  # it has one writer at a time, so nobody is ever held elsewhere
    held, free = lab.enrol(), lab.enrol()
    with lab.database.writing() as session:
        session.get_one(Participant, held, with_for_update=True)
        outcomes = save(lab, offered(lab, held, "1"), offered(lab, free, "2"))
    assert outcomes[0] is None
    assert (values(lab, held), values(lab, free)) == ({}, {"q1": "2"})


def test_one_alone_waits_for_whoever_writes_for_the_same_person(lab):
    person = lab.enrol()
    offer = offered(lab, person, "2", revision=0)
    has_begun = threading.Event()
    outcomes = []

    def alone():
        has_begun.set()
        with lab.database.writing() as session:
            outcomes.append(assessments.save_alone(session, offer, now=lab.now))

    thread = threading.Thread(target=alone)
    with lab.database.writing() as session:
        session.get_one(Participant, person, with_for_update=True)
        thread.start()
        assert has_begun.wait(10)
        assessment = lab._assessment(session, person, "w0")
        assessments.save_item(session, assessment, "scs_sf", "q1", "1", now=lab.now)
    thread.join()
    assert isinstance(outcomes[0].error, AnswersChangedError)
    assert values(lab, person) == {"q1": "1"}


def test_batches_that_cross_lose_nothing(lab):
    people = [lab.enrol() for _ in range(8)]
    questions = [f"q{number}" for number in range(1, 7)]
    offers = [
        [offered(lab, person, "3", item=item) for person in people[turn:] + people[:turn]]
        for turn, item in enumerate(questions)
    ]

    def saving(batch):
        def act():
            outcomes = save(lab, *batch)
            left_out = [offer for offer, found in zip(batch, outcomes, strict=True) if not found]
            for offer in left_out:
                with lab.database.writing() as session:
                    outcomes.append(assessments.save_alone(session, offer, now=lab.now))
            assert all(found.error is None for found in outcomes if found)

        return act

    at_once(*(saving(batch) for batch in offers))
    assert [set(values(lab, person)) for person in people] == [set(questions)] * len(people)
    assert {lab.assessment(person, "w0").revision for person in people} == {len(questions)}


def test_only_the_answer_that_raises_an_alert_says_so(database_url):
    lab = AlarmingLab(database_url)
    try:
        worn, rested = lab.came(), lab.came()
        for person in (worn, rested):
            lab.answer(person, {"r1": "5", "r2": "1"})
        outcomes = save(
            lab,
            offered(lab, worn, "5", item="r3", instrument="rest"),
            offered(lab, rested, "1", item="r3", instrument="rest"),
        )
        assert [outcome.raised for outcome in outcomes] == [True, False]
        assert lab.alerts() == [(worn, "worn")]
    finally:
        lab.close()
