"""How somebody is reached, corrected by the team."""

from __future__ import annotations

import pytest
from factories.lab import OPENER

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotAllowedError, RefusedTransitionError
from longwave.domain.lifecycle import Channel, Role
from longwave.keys import Purpose
from longwave.notify import Sms
from longwave.services import contact, erasure
from longwave.storage.tables import Contact, Event, Message, Participant


def change(lab, person, viewer=OPENER, reason="she told us", **what):
    with lab.database.writing() as session:
        contact.change_contact(
            session,
            session.get_one(Participant, person),
            **what,
            reason=reason,
            viewer=viewer,
            keys=lab.keys,
            now=lab.now,
        )


def opened(lab, person, fact):
    with lab.database.reading() as session:
        sealed = getattr(session.get_one(Contact, person), fact)
        public_id = session.get_one(Participant, person).public_id
    return lab.keys.decrypt(Purpose.CONTACT, sealed, public_id).decode()


def test_an_address_is_replaced_and_found_as_a_duplicate_from_then_on(lab):
    person = lab.enrol()
    change(lab, person, email=" Ada@New.example ")
    assert opened(lab, person, "email") == "Ada@New.example"
    assert lab.consent(lab.screen(), "ada@new.example") == "duplicate"
    assert lab.consent(lab.screen(), f"person{person}@clinic.example") == "enrolled"


def test_the_trail_tells_what_was_changed_and_why_and_neither_address_nor_number(lab):
    person = lab.enrol()
    change(lab, person, email="ada@new.example", phone="+90 555 123 45 67", channel=Channel.SMS)
    (event,) = lab.events("contact.changed")
    assert event.payload == {"fields": ["email", "phone", "channel"], "reason": "she told us"}
    assert (event.actor, event.participant_id) == (OPENER.name, person)
    written = " ".join(str(row.payload) for row in lab.rows(Event))
    assert "ada" not in written and "555" not in written


def test_another_participants_address_is_refused_and_nothing_changes(lab):
    first, second = lab.enrol(), lab.enrol()
    with pytest.raises(InvalidInputError, match="somebody who takes part"):
        change(lab, second, email=f"PERSON{first}@clinic.example")
    assert opened(lab, second, "email") == f"person{second}@clinic.example"
    assert lab.events("contact.changed") == []


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"phone": "555 1234"}, "phone"),
        ({"channel": Channel.SMS}, "channel"),
        ({}, None),
        ({"email": "a@b.example", "reason": " "}, "reason"),
    ],
)
def test_what_cannot_be_used_is_named(lab, what, field):
    person = lab.enrol()
    with pytest.raises(InvalidInputError) as refused:
        change(lab, person, **what)
    assert set(refused.value.fields) == ({field} if field else set())
    assert lab.events("contact.changed") == []


def test_messages_that_were_planned_go_by_the_channel_that_is_wanted_now(lab):
    person = lab.enrol()
    change(lab, person, phone="0090-555-1234567", channel=Channel.SMS)
    assert opened(lab, person, "phone") == "+905551234567"
    assert {row.channel for row in lab.rows(Message) if row.state == "pending"} == {"sms"}
    lab.wait(minutes=1)
    (letter,) = lab.transport.mails
    assert (type(letter), letter.recipient) == (Sms, "+905551234567")


def test_an_open_link_is_sent_to_the_new_address_at_once_however_often_it_changes(lab):
    person = lab.enrol()
    lab.wait(minutes=1)
    for number in (1, 2):
        change(lab, person, email=f"ada{number}@new.example")
        lab.wait(minutes=1)
        assert lab.transport.mails[-1].recipient == f"ada{number}@new.example"
    assert len(lab.transport.mails) == 3


def test_only_the_team_may_and_not_of_somebody_who_was_erased_or_after_the_lock(lab):
    person, other = lab.enrol(), lab.enrol()
    for role in (Role.FACILITATOR, Role.ANALYST, Role.MONITOR):
        with pytest.raises(NotAllowedError):
            change(lab, person, Viewer("x", role, blinded=False), email="a@new.example")
    lab.act(person, erasure.erase, reason="asked for", viewer=OPENER)
    with pytest.raises(RefusedTransitionError, match="erased"):
        change(lab, person, email="a@new.example")
    lab.in_state("locked")
    with pytest.raises(RefusedTransitionError):
        change(lab, other, email="a@new.example")
