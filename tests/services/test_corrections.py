"""Corrections stand beside what was entered, with a reason, and the trail keeps both."""

from __future__ import annotations

import pytest
from factories.lab import Lab
from factories.questions import FILES
from factories.tampering import tamper

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import audit, corrections, personal
from longwave.services.assessment import Given
from longwave.storage.tables import Allocation, Answer, Participant

COORDINATOR = Viewer("coordinator@lab.example", Role.COORDINATOR, blinded=True)


def correct(lab, person, value, item="q1", **how):
    found = {"wave": "w0", "occurrence": 1, "instrument": "scs_sf", "reason": "typed wrongly"}
    lab.act(
        person,
        corrections.correct_answer,
        item=item,
        value=value,
        viewer=COORDINATOR,
        keys=lab.keys,
        **(found | how),
    )


def answer(lab, item="q1"):
    (found,) = [row for row in lab.rows(Answer) if (row.instrument, row.item) == ("scs_sf", item)]
    return found.value, found.missing_reason


def stratum(lab, person, levels, reason="registry says so"):
    lab.act(person, corrections.correct_stratum, levels=levels, reason=reason, viewer=COORDINATOR)


def test_a_wrong_stratum_stays_and_the_true_one_stands_beside_it(lab):
    person = lab.randomise()
    (allocation,) = lab.rows(Allocation)
    stratum(lab, person, {"profession": "physician"})
    found = lab.participant(person)
    assert found.stratum == "profession=nurse|site=ankara"
    assert found.stratum_actual == "profession=physician|site=ankara"
    assert lab.rows(Allocation) == [allocation]
    (event,) = lab.events("participant.stratum_corrected")
    assert event.payload == {
        "from": found.stratum,
        "to": found.stratum_actual,
        "reason": "registry says so",
    }
    stratum(lab, person, {"site": "gaziantep"})
    assert lab.participant(person).stratum_actual == "profession=physician|site=gaziantep"


@pytest.mark.parametrize(
    "levels", [{}, {"profession": "nurse"}, {"profession": "astronaut"}, {"age": "34"}]
)
def test_a_stratum_is_corrected_to_another_one_of_the_protocol(lab, levels):
    person = lab.randomise()
    with pytest.raises(InvalidInputError):
        stratum(lab, person, levels)
    assert lab.participant(person).stratum_actual is None


def test_an_error_to_randomise_is_flagged_once_and_changes_nothing_else(lab):
    person = lab.randomise()
    before = lab.rows(Allocation)
    flag = corrections.flag_randomised_in_error
    lab.act(person, flag, reason="was too young", viewer=COORDINATOR)
    found = lab.participant(person)
    assert found.randomised_in_error_at == lab.now
    assert (found.stage, found.follow_up) == ("randomised", "active")
    assert lab.rows(Allocation) == before
    with pytest.raises(RefusedTransitionError):
        lab.act(person, flag, reason="was too young", viewer=COORDINATOR)
    with pytest.raises(RefusedTransitionError, match="not been randomised"):
        lab.act(lab.enrol(), flag, reason="was too young", viewer=COORDINATOR)


def test_a_corrected_answer_replaces_the_old_one_and_the_trail_can_tell_both(lab):
    person = lab.randomise()
    correct(lab, person, "5")
    assert answer(lab) == ("5", None)
    (event,) = lab.events("answer.corrected")
    payload = dict(event.payload)
    with lab.database.reading() as session:
        who = session.get_one(Participant, person)
        values = personal.decrypt(session, who, lab.keys, payload.pop("values"))
    assert values == {"from": "2", "from_reason": None, "to": "5", "to_reason": None}
    payload.pop("answers")
    assert payload == {
        "wave": "w0",
        "occurrence": 1,
        "instrument": "scs_sf",
        "item": "q1",
        "reason": "typed wrongly",
    }


def test_a_correction_to_nothing_makes_the_answer_invalid(lab):
    person = lab.randomise()
    correct(lab, person, None)
    assert answer(lab) == (None, "invalidated")


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        ({"value": "9"}, InvalidInputError),
        ({"value": "2"}, InvalidInputError),
        ({"value": "5", "reason": ""}, InvalidInputError),
        ({"value": "5", "item": "q99"}, NotFoundError),
        ({"value": "5", "instrument": "mood"}, NotFoundError),
        ({"value": "5", "wave": "w9"}, NotFoundError),
        ({"value": "5", "occurrence": 2}, NotFoundError),
        ({"value": "5", "wave": "w1"}, RefusedTransitionError),
    ],
)
def test_what_is_no_correction_is_refused(lab, how, failure):
    person = lab.randomise()
    with pytest.raises(failure):
        correct(lab, person, **how)
    assert answer(lab) == ("2", None)
    assert lab.events("answer.corrected") == []


def test_nothing_is_corrected_after_the_lock(lab):
    person = lab.randomise()
    lab.in_state("locked")
    for act in (
        lambda: correct(lab, person, "5"),
        lambda: stratum(lab, person, {"profession": "physician"}),
        lambda: lab.act(
            person, corrections.flag_randomised_in_error, reason="x", viewer=COORDINATOR
        ),
    ):
        with pytest.raises(RefusedTransitionError, match="come to its end"):
            act()


def test_what_was_written_beside_an_option_stays_as_long_as_that_is_chosen(database_url):
    lab = Lab(database_url, FILES)
    person = lab.enrol(site="north", answers={"age": "34", "licensed": "yes"})
    lab.begin(person, "w0")
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        about = {"works_nights": "yes", "nights": "9", "why": Given("other", "Calm")}
        about |= {"role": Given("other", "Midwife")}
        assessments.save_page(session, found, "about", about, now=lab.now)
        assessments.save_page(session, found, "evening", {"agree": "1"}, now=lab.now)
        assessments.submit(session, found, keys=lab.keys, now=lab.now)
    how = {"instrument": "about", "item": "why"}
    correct(lab, person, "pay other", **how)
    assert beside(lab) == ("pay other", "Calm")
    correct(lab, person, "pay", **how)
    assert beside(lab) == ("pay", None)
    with pytest.raises(InvalidInputError):
        correct(lab, person, "pay none", **how)
    last = lab.events("answer.corrected")[-1]
    with lab.database.reading() as session:
        who = session.get_one(Participant, person)
        values = personal.decrypt(session, who, lab.keys, last.payload["values"])
    assert (values["from_other"], values["to_other"]) == ("Calm", None)
    assert verified(lab)
    tamper(lab.database, "answer", "UPDATE answer SET other = 'Noise' WHERE item = 'role'")
    assert not verified(lab)
    lab.close()


def verified(lab):
    with lab.database.reading() as session:
        return audit.verify(session, keys=lab.keys).passed


def beside(lab):
    (found,) = [row for row in lab.rows(Answer) if row.item == "why"]
    return found.value, found.other
