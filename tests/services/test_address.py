"""A participant changes how she is reached; what is typed counts once it is proved."""

from __future__ import annotations

import re

import pytest
from factories.lab import OPENER

from longwave.domain.codes import KEPT, CodePurpose, Tried
from longwave.domain.errors import InvalidInputError, RefusedTransitionError
from longwave.domain.lifecycle import BounceKind, Channel
from longwave.keys import Purpose
from longwave.services import address, audit, bounces, codes, contact, erasure, language, withdrawal
from longwave.services import assessment as assessments
from longwave.storage.tables import Code, Contact, Event, Message, Participant

EMAIL, PHONE = CodePurpose.EMAIL, CodePurpose.PHONE
BOTH = {"reminders: [P3D, P7D]": "reminders: [P3D, P7D]\n  channels: [email, sms]"}
NEW = "ada@home.example"


def ask(lab, person, typed=NEW, purpose=EMAIL):
    lab.act(person, address.ask_for_change, purpose=purpose, typed=typed, keys=lab.keys)


def confirm(lab, person, code, purpose=EMAIL):
    return lab.act(person, address.confirm_change, purpose=purpose, typed=code, keys=lab.keys)


def sent_code(lab):
    lab.clockwork.dispatch()
    letter = lab.transport.mails[-1]
    return re.search(r"\b([0-9]{6})\b", getattr(letter, "text", letter.body))[1], letter


def opened(lab, person, fact):
    with lab.database.reading() as session:
        sealed = getattr(session.get_one(Contact, person), fact)
        public_id = session.get_one(Participant, person).public_id
    return None if sealed is None else lab.keys.decrypt(Purpose.CONTACT, sealed, public_id).decode()


def findings(lab):
    with lab.database.reading() as session:
        return [str(found) for found in audit.verify(session, keys=lab.keys).findings]


@pytest.fixture
def person(lab):
    person = lab.enrol()
    lab.wait(minutes=1)
    return person


def test_the_code_goes_to_the_new_address_and_changes_nothing_by_itself(lab, person):
    ask(lab, person)
    _, letter = sent_code(lab)
    assert letter.recipient == NEW
    assert opened(lab, person, "email") == f"person{person}@clinic.example"
    assert lab.events("contact.changed") == []


def test_once_the_code_is_typed_messages_go_there_and_the_old_address_is_told(lab, person):
    ask(lab, person)
    code, _ = sent_code(lab)
    before = len(lab.transport.mails)
    assert confirm(lab, person, code) is Tried.RIGHT
    assert opened(lab, person, "email") == NEW
    lab.wait(minutes=1)
    told = {mail.recipient: mail for mail in lab.transport.mails[before:]}
    assert set(told) == {f"person{person}@clinic.example", NEW}  # a notice, and the open link
    notice = told[f"person{person}@clinic.example"]
    assert NEW not in notice.body and "/l/" not in notice.body
    assert lab.protocol.study.contact in notice.body
    assert "/l/" in told[NEW].body
    (changed,) = lab.events("contact.changed")
    assert (changed.actor, changed.payload) == ("participant", {"fields": ["email"]})
    assert len(lab.events("contact.verified")) == 1
    assert findings(lab) == []


def test_whoever_waited_for_an_address_that_is_proved_is_randomised_by_proving_one(lab, person):
    lab.fill(person, "w0")
    how = {"viewer": OPENER, "keys": lab.keys, "reason": "told by telephone"}
    lab.act(person, contact.change_contact, email="typo@home.example", **how)
    with lab.database.writing() as session:
        assessment = lab._assessment(session, person, "w0")
        assessments.submit(session, assessment, keys=lab.keys, now=lab.now)
    assert lab.participant(person).randomised_at is None  # that address is not proved
    ask(lab, person)
    confirm(lab, person, sent_code(lab)[0])
    assert lab.participant(person).randomised_at == lab.now
    assert findings(lab) == []


def test_whoever_holds_a_link_alone_gets_no_copy_by_way_of_an_address_of_hers(lab, person):
    ask(lab, person)
    confirm(lab, person, sent_code(lab)[0])
    for purpose in (CodePurpose.DOWNLOAD, CodePurpose.ERASURE):
        with pytest.raises(RefusedTransitionError, match="last two days"):
            lab.act(person, codes.ask, purpose=purpose, keys=lab.keys)
    ask(lab, person, "ada@work.example")  # a slip of the pen can be mended
    lab.now += KEPT
    lab.act(person, codes.ask, purpose=CodePurpose.DOWNLOAD, keys=lab.keys)
    assert sent_code(lab)[1].recipient == NEW


def test_neither_address_stands_in_the_trail_or_readably_in_a_row(lab, person):
    ask(lab, person)
    confirm(lab, person, sent_code(lab)[0])
    written = str([row.model_dump() for table in (Event, Message, Code) for row in lab.rows(table)])
    assert NEW not in written and "clinic.example" not in written


def test_a_wrong_code_changes_nothing_and_is_counted(lab, person):
    ask(lab, person)
    code, _ = sent_code(lab)
    assert confirm(lab, person, f"{(int(code) + 1) % 10**6:06}") is Tried.WRONG
    assert lab.rows(Code)[0].wrong == 1
    assert opened(lab, person, "email") == f"person{person}@clinic.example"


@pytest.mark.parametrize("typed", ["nobody", "", "a@b", "x" * 300 + "@example.org"])
def test_what_is_no_address_is_refused_and_nothing_is_sent(lab, person, typed):
    with pytest.raises(InvalidInputError) as refused:
        ask(lab, person, typed)
    assert set(refused.value.fields) == {"email"}
    assert lab.rows(Code) == []


def test_that_an_address_is_anothers_is_told_only_to_whom_it_reaches(lab, person):
    other = lab.enrol()
    ask(lab, person, f"person{other}@clinic.example")  # says nothing
    code, letter = sent_code(lab)
    assert letter.recipient == f"person{other}@clinic.example"
    with pytest.raises(InvalidInputError, match="somebody who takes part"):
        confirm(lab, person, code)
    assert opened(lab, person, "email") == f"person{person}@clinic.example"


def test_an_address_that_bounces_gives_way_and_nothing_of_the_new_one_bounces_upon_it(lab):
    person = lab.enrol()
    lab.wait(minutes=1)
    bounce(lab, person, "w0:invitation")
    ask(lab, person)
    code, letter = sent_code(lab)
    assert letter.recipient == NEW  # although nothing goes to the old one
    bounce(lab, person, "code:1:new_address_code")
    assert len(lab.events("task.added")) == 1
    assert confirm(lab, person, code) is Tried.RIGHT
    lab.wait(minutes=1)
    assert [mail.recipient for mail in lab.transport.mails[-1:]] == [NEW]
    assert len(lab.events("task.done")) == 1
    assert findings(lab) == []


def bounce(lab, person, step):
    (mail_id,) = [
        row.mail_id for row in lab.rows(Message) if (row.participant_id, row.step) == (person, step)
    ]
    with lab.database.writing() as session:
        how = {"source": "mailbox", "allowed": lambda *_: True, "now": lab.now}
        bounces.receive(session, (mail_id,), BounceKind.HARD, "5.1.1", **how)


def test_a_number_is_proved_by_sms_and_messages_go_by_it_when_chosen(make_lab):
    lab = make_lab(BOTH)
    person = lab.enrol()
    lab.wait(minutes=1)
    ask(lab, person, "0090 555 123 45 67", PHONE)
    code, letter = sent_code(lab)
    assert letter.recipient == "+905551234567"
    assert confirm(lab, person, code, PHONE) is Tried.RIGHT
    lab.act(person, address.choose_channel, channel=Channel.SMS)
    pending = [row.channel for row in lab.rows(Message) if row.state == "pending"]
    assert set(pending) == {"sms"}
    with pytest.raises(InvalidInputError):
        ask(lab, person, "+905551234567", PHONE)
    assert findings(lab) == []


def test_without_a_number_nothing_goes_by_sms(make_lab):
    lab = make_lab(BOTH)
    with pytest.raises(InvalidInputError):
        lab.act(lab.enrol(), address.choose_channel, channel=Channel.SMS)


def test_a_study_that_sends_no_sms_takes_no_number(lab, person):
    with pytest.raises(RefusedTransitionError, match="no messages that way"):
        ask(lab, person, "+905551234567", PHONE)


def test_who_has_left_or_was_erased_or_after_the_lock_changes_nothing(lab, person):
    left = lab.enrol()
    lab.act(left, withdrawal.withdraw)
    for change in (ask, lambda lab, who: lab.act(who, language.change_language, language="tr")):
        with pytest.raises(RefusedTransitionError, match="left the study"):
            change(lab, left)
    lab.in_state("locked")
    with pytest.raises(RefusedTransitionError):
        ask(lab, person)


def test_erasure_takes_codes_and_pending_addresses_with_it(lab, person):
    ask(lab, person)
    lab.act(person, erasure.erase, reason="asked for", viewer=OPENER)
    assert lab.rows(Code) == []
    before = len(lab.transport.mails)
    lab.wait(minutes=1)
    assert len(lab.transport.mails) == before


def test_another_language_holds_from_now_on_and_follows_from_the_trail(lab, person):
    lab.act(person, language.change_language, language="tr")
    lab.act(person, language.change_language, language="tr")
    (event,) = lab.events("participant.language_changed")
    assert event.payload == {"language": "tr"}
    assert lab.participant(person).language == "tr"
    with pytest.raises(InvalidInputError):
        lab.act(person, language.change_language, language="xx")
    with lab.database.writing() as session:
        session.get_one(Participant, person).language = "en"
    assert any("participant.language" in found for found in findings(lab))
