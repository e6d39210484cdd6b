"""Criteria with reasons, room for so many and no more, the register, and people who come again."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from factories.lab import SCREENING

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import erasure, screening
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Consent, Contact, Participant, Screening

COORDINATOR = Viewer(
    "coordinator@lab.example", Role.COORDINATOR, blinded=True, sites=frozenset({"ankara"})
)
OWNER = Viewer("owner@lab.example", Role.OWNER, blinded=True)
NO_CAPS = "\nconsent:\n"


def capped(*caps):
    lines = "".join(f"    - {cap}\n" for cap in caps)
    return {NO_CAPS: f"  caps:\n{lines}{NO_CAPS}"}


def enter(lab, **how):
    line = {"site": "ankara", "outcome": "approached", "viewer": COORDINATOR, **how}
    with lab.database.writing() as session:
        study = get_study(session, lab.slug)
        return screening.enter(session, study, keys=lab.keys, now=lab.now, **line)


def reasons(lab):
    return [event.payload.get("reason") for event in lab.events("participant.screened")]


def test_the_first_failing_criterion_is_kept_and_nothing_else_of_the_answers(lab):
    criteria = [criterion.id for criterion in lab.protocol.eligibility.criteria]
    person = lab.participant(lab.screen(answers={**SCREENING, "age": "17", "licensed": "no"}))
    assert (person.stage, person.ineligible_reason) == ("ineligible", criteria[0])
    assert person.screening is None
    assert reasons(lab) == [criteria[0]]
    (event,) = lab.events("participant.screened")
    assert event.payload == {"eligible": False, "site": "ankara", "reason": criteria[0]}


@pytest.mark.parametrize(
    ("cap", "others", "name"),
    [
        ("{most: 2}", SCREENING, "total"),
        ("{most: 2, site: ankara}", SCREENING, "site=ankara"),
        ("{most: 2, stratum: {profession: nurse}}", SCREENING, "profession=nurse"),
    ],
)
def test_a_full_study_says_so_at_screening_and_again_at_consent(make_lab, cap, others, name):
    lab = make_lab(capped(cap))
    lab.enrol()
    waiting = [lab.screen(answers=others) for _ in range(2)]
    assert lab.consent(waiting[0]) == "enrolled"
    assert lab.consent(waiting[1]) == "full"
    late = lab.participant(waiting[1])
    assert (late.stage, late.ineligible_reason, late.screening) == ("ineligible", "full", None)
    assert [event.payload for event in lab.events("participant.full")] == [{"cap": name}]
    later = lab.participant(lab.screen(answers=others))
    assert (later.stage, later.ineligible_reason) == ("ineligible", "full")
    assert reasons(lab)[-1] == "full"
    assert len(lab.rows(Consent)) == len(lab.rows(Contact)) == 2


def test_a_cap_leaves_alone_whom_it_does_not_describe(make_lab):
    lab = make_lab(capped("{most: 1, site: ankara}", "{most: 1, stratum: {profession: physician}}"))
    lab.enrol()
    assert lab.participant(lab.enrol(site="gaziantep")).stage == "enrolled"
    doctor = {**SCREENING, "profession": "physician"}
    assert lab.participant(lab.enrol(site="gaziantep", answers=doctor)).stage == "enrolled"
    full = lab.screen(site="gaziantep", answers=doctor)
    assert lab.participant(full).ineligible_reason == "full"


def test_a_stratum_that_was_filled_stays_full_though_its_people_have_their_data_erased(make_lab):
    lab = make_lab(capped("{most: 1, stratum: {profession: nurse}}"))
    person = lab.randomise()
    lab.act(person, erasure.erase, reason="asked for it", viewer=OWNER)
    assert lab.participant(lab.screen()).ineligible_reason == "full"


def test_twenty_who_sign_at_once_do_not_exceed_the_cap(make_lab):
    lab = make_lab(capped("{most: 7}"))
    people = [lab.screen() for _ in range(20)]
    barrier, outcomes = threading.Barrier(20), []

    def sign(person):
        barrier.wait()
        outcomes.append(lab.consent(person))

    threads = [threading.Thread(target=sign, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"enrolled": 7, "full": 13}
    assert sum(person.stage == "enrolled" for person in lab.rows(Participant)) == 7


def test_in_a_full_study_a_known_address_is_told_the_same_as_any_other(make_lab):
    lab = make_lab(capped("{most: 2}"))
    first, known, unknown = (lab.screen() for _ in range(3))
    lab.consent(first, "one@clinic.example")
    lab.enrol()
    assert lab.consent(known, "one@clinic.example") == "full"
    assert lab.consent(unknown, "other@clinic.example") == "full"


def test_the_register_keeps_outcome_site_reason_and_a_keyed_hash_only(lab):
    enter(lab, outcome="declined", reason=" no time ", email="Ada@clinic.example")
    (line,) = lab.rows(Screening)
    assert (line.outcome, line.site, line.reason) == ("declined", "ankara", "no time")
    assert "ada" not in str(line).lower()
    (event,) = lab.events("screening.entered")
    assert event.payload == {"outcome": "declined", "site": "ankara", "reason": "no time"}
    assert event.actor == COORDINATOR.name


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        ({"outcome": "ineligible"}, InvalidInputError),
        ({"outcome": "enrolled"}, InvalidInputError),
        ({"email": "nobody"}, InvalidInputError),
        ({"reason": "x" * 201}, InvalidInputError),
        ({"site": "gaziantep"}, NotFoundError),
        ({"site": "atlantis", "viewer": OWNER}, NotFoundError),
        ({"viewer": Viewer("m", Role.MONITOR, blinded=True)}, NotAllowedError),
    ],
)
def test_what_does_not_belong_in_the_register_is_refused(lab, how, failure):
    with pytest.raises(failure):
        enter(lab, **how)
    assert lab.rows(Screening) == []


def test_the_register_is_closed_with_the_study(lab):
    lab.in_state("locked")
    with pytest.raises(RefusedTransitionError):
        enter(lab)


def test_the_register_shows_a_coordinator_her_own_site(lab):
    enter(lab)
    enter(lab, site="gaziantep", viewer=OWNER)
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        assert [row.site for row in screening.lines(session, study, viewer=COORDINATOR)] == [
            "ankara"
        ]
        assert len(screening.lines(session, study, viewer=OWNER)) == 2


def test_whom_the_register_knows_is_enrolled_and_known_to_have_come_again(lab):
    enter(lab, outcome="declined", email="ada@clinic.example")
    known, new = lab.screen(), lab.screen()
    lab.consent(known, " ADA@clinic.example")
    lab.consent(new, "bob@clinic.example")
    assert [event.payload.get("rescreened") for event in lab.events("participant.enrolled")] == [
        True,
        None,
    ]
    assert lab.participant(known).stage == "enrolled"


def test_a_second_enrolment_is_linked_and_the_first_allocation_stands(lab):
    first = lab.screen()
    lab.consent(first, "one@clinic.example")
    lab.complete(first, "w0")
    (allocation,) = lab.rows(Allocation)
    second = lab.screen()
    assert lab.consent(second, "one@clinic.example") == "duplicate"
    found = lab.participant(second)
    assert (found.duplicate_of, found.stage) == (first, "ineligible")
    assert found.ineligible_reason == "duplicate"
    (event,) = lab.events("participant.duplicate")
    assert event.payload == {"of": lab.participant(first).public_id}
    lab.wait(days=30)
    assert lab.rows(Allocation) == [allocation]
    assert lab.statuses(second) == {}


def test_nobody_is_randomised_before_the_address_is_proved(lab):
    person = lab.enrol()
    lab.complete(person, "w0")
    with lab.database.reading() as session:
        assert session.get_one(Contact, person).verified_at == lab.now
    kinds = [event.kind for event in lab.events("")]
    assert kinds.index("contact.verified") < kinds.index("participant.randomised")


def test_without_a_proof_of_the_address_completion_does_not_randomise(lab):
    person = lab.enrol()
    lab.fill(person, "w0")
    with lab.database.writing() as session:
        session.get_one(Contact, person).verified_at = None
        found = lab._assessment(session, person, "w0")
        assessments.submit(session, found, keys=lab.keys, now=lab.now)
    assert lab.rows(Allocation) == []
    assert lab.participant(person).stage == "enrolled"


def test_a_closed_study_enrols_nobody_more_and_goes_on(lab):
    person, waiting = lab.randomise(), lab.screen()
    lab.in_state("closed")
    with pytest.raises(RefusedTransitionError, match="new participants"):
        lab.consent(waiting)
    with pytest.raises(RefusedTransitionError, match="new participants"):
        lab.screen()
    lab.now = lab.assessment(person, "w1").opens_at
    lab.clockwork.tick()
    lab.complete(person, "w1")
    assert lab.statuses(person)["w1"] == "completed"
