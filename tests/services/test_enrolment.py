"""From the first visit to enrolment."""

from __future__ import annotations

import pytest
from factories.lab import SCREENING, START

from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.public_id import public_id
from longwave.keys import Purpose
from longwave.storage.tables import Consent, Contact, Event, Participant


def test_consent_makes_a_participant_and_opens_the_baseline(lab):
    person = lab.participant(lab.enrol())
    assert person.stage == "enrolled" and person.enrolled_at == START
    assert lab.statuses(person.id) == {"w0": "open"}


def test_the_baseline_goes_out_by_mail_at_once(lab):
    lab.enrol()
    lab.clockwork.dispatch()
    assert [mail.recipient for mail in lab.transport.mails] == ["person1@clinic.example"]


def test_of_the_ineligible_nothing_is_kept_but_that(lab):
    person = lab.participant(lab.screen(answers={**SCREENING, "licensed": "no"}))
    assert person.stage == "ineligible"
    assert person.screening is None


def test_a_rehearsal_draws_public_ids_from_its_own_chance(lab):
    numbers = iter([12_345, 12_345, 678])
    people = [lab.participant(lab.screen(below=lambda _: next(numbers))) for _ in range(2)]
    assert [person.public_id for person in people] == [public_id(12_345), public_id(678)]


def test_missing_and_impossible_answers_are_named(lab):
    with pytest.raises(InvalidInputError) as failure:
        lab.screen(answers={"age": "four", "profession": "astronaut"})
    assert set(failure.value.fields) == {"age", "licensed", "profession"}
    assert lab.rows(Participant) == []


def test_an_unknown_site_is_refused(lab):
    with pytest.raises(NotFoundError):
        lab.screen(site="atlantis")


def test_nobody_signs_twice(lab):
    participant_id = lab.enrol()
    with pytest.raises(RefusedTransitionError):
        lab.consent(participant_id)
    assert len(lab.rows(Consent)) == 1


def test_an_address_that_takes_part_already_is_excluded_and_not_told(lab):
    lab.consent(lab.screen(), email="one@clinic.example")
    second = lab.screen()
    lab.consent(second, email="ONE@clinic.example ")
    found = lab.participant(second)
    assert (found.stage, found.ineligible_reason) == ("ineligible", "duplicate")
    assert found.screening is None and lab.statuses(second) == {}
    assert [event.kind for event in lab.rows(Event)].count("participant.duplicate") == 1
    with pytest.raises(RefusedTransitionError):
        lab.consent(second, email="another@clinic.example")


def test_somebody_who_enrols_again_is_sent_the_open_link_again_once_a_day(lab):
    lab.consent(lab.screen(), email="one@clinic.example")
    lab.clockwork.dispatch()
    for _ in range(3):
        lab.consent(lab.screen(), email="one@clinic.example")
        lab.wait(minutes=5)
    assert {mail.recipient for mail in lab.transport.mails} == {"one@clinic.example"}
    assert len(lab.transport.mails) == 2


def test_answers_of_those_who_go_no_further_are_erased_after_a_day(lab):
    left = lab.screen()
    lab.wait(hours=23)
    assert lab.participant(left).screening
    lab.wait(hours=2)
    assert lab.participant(left).screening is None
    with pytest.raises(RefusedTransitionError, match="start again"):
        lab.consent(left)


def test_contact_details_are_encrypted_and_bound_to_their_participant(lab):
    person = lab.participant(lab.enrol())
    (contact,) = lab.rows(Contact)
    assert b"clinic" not in contact.email and b"Person" not in contact.name
    opened = lab.keys.decrypt(Purpose.CONTACT, contact.email, person.public_id)
    assert opened == b"person1@clinic.example"
    from longwave.domain.errors import ConfigurationError

    with pytest.raises(ConfigurationError):
        lab.keys.decrypt(Purpose.CONTACT, contact.email, "SOMEBODY")


def test_the_trail_holds_no_personal_value(lab):
    lab.randomise()
    trail = " ".join(f"{event.kind} {event.payload}" for event in lab.rows(Event))
    assert "clinic.example" not in trail and "A Person" not in trail


def test_the_consent_proves_which_document_was_shown(lab):
    lab.enrol()
    (consent,) = lab.rows(Consent)
    from longwave.domain.consent import document_hash

    assert consent.document_hash == document_hash(lab.protocol.consent.documents["en"])
    assert consent.version == lab.protocol.consent.version
