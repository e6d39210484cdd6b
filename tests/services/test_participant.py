"""Whatever becomes of people, the trail and the flow of participants agree with the tables."""

from __future__ import annotations

import pytest
from factories.lab import SCREENING

from longwave.domain.blinding import Viewer
from longwave.domain.consent import ConsentForm
from longwave.domain.lifecycle import Role
from longwave.services import (
    audit,
    consent,
    corrections,
    erasure,
    follow_up,
    programme,
    randomisation,
    screening,
    unblinding,
    withdrawal,
)
from longwave.services.consort import consort
from longwave.services.staff import add_staff
from longwave.services.study import get_study

OWNER = Viewer("owner@lab.example", Role.OWNER, blinded=False)
STAFF = {"reason": "told by the site", "viewer": OWNER}
EDITS = {
    "crossover: {programme: msc8, after: w3}": (
        "crossover: {programme: msc8, at: P8W, from: randomisation}"
    ),
    "\nconsent:\n": "\n  caps: [{most: 12}]\n\nconsent:\n",
}
SIGNED = ConsentForm("B. Person", "", frozenset({"informed", "voluntary", "data"}))


@pytest.fixture
def lab(make_lab):
    return make_lab(EDITS)


def prove(lab):
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
        assert report.passed, report.findings
        assert randomisation.verify(session, lab.slug, keys=lab.keys).passed
        consort(session, lab.slug, OWNER)  # raises where events and tables differ


def fill_the_study(lab):
    """Screen everybody in every way; return those who were randomised, and who began only."""
    with lab.database.writing() as session:
        screening.enter(
            session,
            get_study(session, lab.slug),
            site="ankara",
            outcome="declined",
            email="ada@clinic.example",
            keys=lab.keys,
            viewer=OWNER,
            now=lab.now,
        )
    people = [lab.randomise() for _ in range(8)]
    assert lab.participant(lab.screen(answers={**SCREENING, "age": "17"})).stage == "ineligible"
    assert lab.consent(lab.screen(), "ada@clinic.example", allowed=("sharing",)) == "enrolled"
    assert lab.consent(lab.screen(), "ada@clinic.example") == "duplicate"
    began = lab.enrol()
    lab.fill(began, "w0", pages=1)
    lab.enrol()
    lab.enrol()
    assert lab.participant(lab.screen()).ineligible_reason == "full"
    return people, began


def unblind(lab, person):
    with lab.database.writing() as session:
        member, _ = add_staff(session, "c@lab.example", Role.OWNER, blinded=True, now=lab.now)
        viewer = Viewer(member.email, Role.OWNER, blinded=True, staff_id=member.id)
    asked = lab.act(person, unblinding.request, reason="in hospital", viewer=viewer).id
    public_id = lab.participant(person).public_id
    with lab.database.writing() as session:
        unblinding.confirm(session, asked, public_id=public_id, viewer=viewer, now=lab.now)


def correct(lab, person, value):
    lab.act(
        person,
        corrections.correct_answer,
        wave="w0",
        occurrence=1,
        instrument="scs_sf",
        item="q1",
        value=value,
        keys=lab.keys,
        **STAFF,
    )


def test_the_record_proves_itself_whatever_became_of_people(lab):
    people, began = fill_the_study(lab)
    left, lost, dead, wrong, corrected, erased, unblinded, signed = people
    in_course = next(who for who in people if lab.participant(who).programme == "on")
    lab.act(in_course, programme.stop, **STAFF)
    lab.act(left, withdrawal.withdraw)
    lab.act(lost, follow_up.mark_lost, **STAFF)
    lab.act(began, follow_up.mark_lost, **STAFF)
    lab.act(dead, follow_up.mark_deceased, **STAFF)
    lab.act(wrong, corrections.correct_stratum, levels={"profession": "physician"}, **STAFF)
    lab.act(wrong, corrections.flag_randomised_in_error, **STAFF)
    correct(lab, corrected, "5")
    correct(lab, erased, None)
    lab.act(erased, erasure.erase, **STAFF)
    unblind(lab, unblinded)
    prove(lab)
    lab.wait(weeks=9)
    lab.act(lost, follow_up.mark_found, keys=lab.keys, **STAFF)
    lab.act(began, follow_up.mark_found, keys=lab.keys, **STAFF)
    lab.amend({'version: "1.1"': 'version: "2.0"'})
    lab.act(signed, consent.sign_again, form=SIGNED, keys=lab.keys)
    lab.act(signed, consent.choose, use="sharing", allowed=True, actor="participant")
    lab.act(left, erasure.erase, **STAFF)
    lab.wait(days=1)
    prove(lab)
    lab.wait(weeks=60)
    assert lab.participant(signed).follow_up == "completed"
    prove(lab)
