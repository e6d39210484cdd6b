"""Messages claimed together: what is wrong with one keeps no other waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from longwave.services import letters
from longwave.storage import participant as participants
from longwave.storage.tables import Contact, Message


def test_a_message_that_we_fail_to_write_keeps_no_other_waiting_and_is_not_lost(lab, monkeypatch):
    first, second = lab.enrol(), lab.enrol()
    compose = letters.compose

    def broken(session, due, **how):
        if due.message.participant_id == first:
            raise KeyError("a fault of ours")
        return compose(session, due, **how)

    monkeypatch.setattr(letters, "compose", broken)
    lab.clockwork.dispatch()
    assert [mail.recipient for mail in lab.transport.mails] == [f"person{second}@clinic.example"]
    monkeypatch.undo()
    lab.now += timedelta(hours=1)
    lab.clockwork.dispatch()
    assert lab.transport.mails[1].recipient == f"person{first}@clinic.example"


def test_an_address_that_was_damaged_keeps_no_other_waiting(lab):
    first, second = lab.enrol(), lab.enrol()
    with lab.database.writing() as session:
        session.get_one(Contact, first).email = b"?"
    lab.clockwork.dispatch()
    assert [mail.recipient for mail in lab.transport.mails] == [f"person{second}@clinic.example"]
    assert {row.state for row in lab.rows(Message) if row.participant_id == second} >= {"sent"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sender_does_not_ask_without_end_for_whom_somebody_is_writing(lab):
    held, free = lab.enrol(), lab.enrol()
    asked = []
    with lab.database.writing() as session:
        participants.lock(session, held)
        lab.clockwork.dispatch(goes_on=lambda: len(asked) < 50 and not asked.append(1))
    assert len(asked) < 10
    assert [mail.recipient for mail in lab.transport.mails] == [f"person{free}@clinic.example"]
    lab.clockwork.dispatch()
    assert lab.transport.mails[1].recipient == f"person{held}@clinic.example"
