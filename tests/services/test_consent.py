"""Signatures that prove what was signed, copies of them, and choices that can be taken back."""

from __future__ import annotations

import pytest

from longwave.domain.consent import ConsentForm, document_hash
from longwave.domain.errors import (
    ConsentNeededError,
    InvalidInputError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.services import assessment as assessments
from longwave.services import consent, withdrawal
from longwave.storage.tables import Consent, ConsentChoice

NEW_VERSION = {'version: "1.1"': 'version: "2.0"'}
SIGNED_AGAIN = ConsentForm("A. Person", "", frozenset({"informed", "voluntary", "data"}))


def signing(lab, person):
    lab.consent(person, copy=True, allowed=("sharing",))
    lab.clockwork.dispatch()
    return lab.transport.mails


def needs(lab, person):
    with lab.database.reading() as session:
        return consent.needs_new_consent(session, lab.participant(person))


def standing(lab, person):
    with lab.database.reading() as session:
        return consent.standing_choices(session, lab.participant(person))


def test_signature_and_event_name_version_document_language_and_statements(lab):
    lab.enrol()
    (row,) = lab.rows(Consent)
    (event,) = lab.events("participant.enrolled")
    assert event.payload == {
        "consent": "1.1",
        "document": document_hash(lab.protocol.consent.documents["en"]),
        "language": "en",
        "statements": {"informed": True, "voluntary": True, "data": True},
    }
    assert (row.version, row.document_hash) == ("1.1", event.payload["document"])
    assert row.statements == event.payload["statements"]


def test_a_copy_of_what_was_signed_goes_to_the_address_at_once(lab):
    lab.now = lab.now.replace(hour=22)  # in quiet hours: the answer to what somebody just did
    copy, invitation = signing(lab, lab.screen())
    assert copy.subject == "A copy of what you signed"
    assert (copy.recipient, copy.unsubscribe) == (invitation.recipient, None)
    document = lab.protocol.consent.documents["en"]
    for told in (
        document.strip(),
        "[x] I have read the information above",
        "[x] Other researchers may use my answers",
        "[ ] The research group may write to me",
        "Signed by A Person on 3 February 2026, 01:00.",
        "version 1.1",
        f"SHA-256: {document_hash(document)}",
    ):
        assert told in copy.body


def test_a_copy_is_of_what_was_signed_whatever_came_later(lab):
    person = lab.screen()
    lab.consent(person, copy=True, allowed=("sharing",))
    lab.now = lab.now.replace(minute=1)
    lab.act(person, consent.choose, use="sharing", allowed=False, actor="participant")
    lab.amend(NEW_VERSION)
    lab.clockwork.dispatch()
    assert "[x] Other researchers" in lab.transport.mails[0].body
    assert "version 1.1" in lab.transport.mails[0].body


def test_a_copy_goes_out_once_and_to_nobody_who_has_left(lab):
    signing(lab, lab.screen())
    lab.wait(days=1)
    assert [mail.subject for mail in lab.transport.mails].count("A copy of what you signed") == 1
    leaver = lab.screen()
    lab.consent(leaver, copy=True)
    lab.act(leaver, withdrawal.withdraw)
    lab.transport.mails.clear()
    lab.wait(minutes=5)
    assert lab.transport.mails == []


def test_whoever_types_a_known_address_gets_no_copy_sent(lab):
    lab.consent(lab.screen(), "one@clinic.example")
    lab.clockwork.dispatch()
    lab.transport.mails.clear()
    lab.consent(lab.screen(), "one@clinic.example", copy=True)
    lab.clockwork.dispatch()
    assert "A copy of what you signed" not in {mail.subject for mail in lab.transport.mails}


def test_further_uses_are_choices_of_their_own(lab):
    person = lab.screen()
    lab.consent(person, allowed=("sharing", "nonsense"))
    assert standing(lab, person) == {"sharing": True, "recontact": False}
    assert [event.payload for event in lab.events("participant.choice")] == [
        {"use": "sharing", "allowed": True},
        {"use": "recontact", "allowed": False},
    ]


def test_a_choice_can_be_taken_back_and_its_history_stays(lab):
    person = lab.screen()
    lab.consent(person, allowed=("sharing",))
    for allowed in (False, False, True):
        lab.act(person, consent.choose, use="sharing", allowed=allowed, actor="participant")
    assert standing(lab, person)["sharing"] is True
    history = [row.allowed for row in lab.rows(ConsentChoice) if row.use == "sharing"]
    assert history == [True, False, True]
    with pytest.raises(NotFoundError):
        lab.act(person, consent.choose, use="resale", allowed=True, actor="participant")


def test_a_use_is_taken_back_even_after_the_lock_but_not_granted(lab):
    person = lab.screen()
    lab.consent(person, allowed=("sharing",))
    lab.in_state("locked")
    lab.act(person, consent.choose, use="sharing", allowed=False, actor="participant")
    with pytest.raises(RefusedTransitionError):
        lab.act(person, consent.choose, use="sharing", allowed=True, actor="participant")
    assert standing(lab, person)["sharing"] is False


def test_a_new_version_is_signed_before_anything_more_is_answered(lab):
    person = lab.enrol()
    lab.fill(person, "w0", pages=1)
    assert not needs(lab, person)
    lab.amend(NEW_VERSION)
    assert needs(lab, person)
    lab.begin(person, "w0")
    with pytest.raises(ConsentNeededError):
        lab.fill(person, "w0")
    with lab.database.reading() as session, pytest.raises(ConsentNeededError):
        assessments.load(session, lab.assessment(person, "w0").id, now=lab.now)
    lab.act(person, consent.sign_again, form=SIGNED_AGAIN, keys=lab.keys)
    assert not needs(lab, person)
    lab.complete(person, "w0")
    assert lab.participant(person).stage == "randomised"


def test_signing_again_adds_a_signature_and_mails_a_copy(lab):
    person = lab.enrol()
    lab.amend(NEW_VERSION)
    lab.act(person, consent.sign_again, form=SIGNED_AGAIN, keys=lab.keys)
    assert [row.version for row in lab.rows(Consent)] == ["1.1", "2.0"]
    (event,) = lab.events("participant.consented_again")
    assert (event.payload["consent"], event.payload["language"]) == ("2.0", "en")
    lab.clockwork.dispatch()
    (copy,) = [mail for mail in lab.transport.mails if "copy" in mail.subject]
    assert "Signed by A. Person" in copy.body and "version 2.0" in copy.body


def test_nobody_signs_a_version_twice_or_without_its_statements(lab):
    person = lab.enrol()
    with pytest.raises(RefusedTransitionError, match="signed already"):
        lab.act(person, consent.sign_again, form=SIGNED_AGAIN, keys=lab.keys)
    lab.amend(NEW_VERSION)
    with pytest.raises(InvalidInputError) as failure:
        empty = ConsentForm(" ", "", frozenset({"informed"}))
        lab.act(person, consent.sign_again, form=empty, keys=lab.keys)
    assert set(failure.value.fields) == {"name", "voluntary", "data"}
    lab.act(person, withdrawal.withdraw)
    with pytest.raises(RefusedTransitionError, match="left"):
        lab.act(person, consent.sign_again, form=SIGNED_AGAIN, keys=lab.keys)
