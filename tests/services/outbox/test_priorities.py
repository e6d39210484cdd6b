"""Which message leaves first."""

from __future__ import annotations

from datetime import timedelta

from factories.crowd import gather
from factories.lab import BASE_URL
from sqlmodel import select

from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.jobs.dispatch import KEEPS, dispatch
from longwave.notify import Delivery, Outcome
from longwave.services import outbox
from longwave.services.staff import add_staff
from longwave.storage.tables import Message, Study, Unblinding


def alarm(lab):
    """Tell an owner at once of something urgent."""
    with lab.database.writing() as session:
        member, _ = add_staff(session, "owner@lab.example", Role.OWNER, blinded=False, now=lab.now)
        asked = Unblinding(
            participant_id=session.exec(select(Message.participant_id)).first(),
            staff_id=member.id,
            reason="r",
            requested_at=lab.now,
            expires_at=lab.now,
            confirmed_at=lab.now,
        )
        session.add(asked)
        session.flush()
        study = session.exec(select(Study)).one()
        step = f"unblinding:{asked.id}"
        outbox.queue_notice(session, member, Kind.UNBLINDING_NOTICE, step, study.id, now=lab.now)


def test_what_is_urgent_does_not_wait_behind_ten_thousand_invitations(lab, box):
    gather(lab, 10_000)
    lab.now += timedelta(hours=1)
    alarm(lab)
    assert box.claim(limit=1).claimed[0].kind == Kind.UNBLINDING_NOTICE


def test_what_becomes_urgent_while_a_batch_is_sent_leaves_before_the_rest_of_it(lab):
    gather(lab, 100)
    taken = []

    def send(letter):
        taken.append(letter.recipient)
        if len(taken) == 2:
            alarm(lab)
        lab.now += KEEPS / 4  # a slow server
        return Delivery(Outcome.SENT)

    lab.transport.send = send
    goes_on = lambda: len(taken) < 20  # noqa: E731
    dispatch(
        lab.database,
        lab.transport,
        keys=lab.keys,
        base_url=BASE_URL,
        clock=lambda: lab.now,
        goes_on=goes_on,
    )
    assert taken.index("owner@lab.example") <= 6


def test_kinds_leave_in_their_order_and_the_earliest_first(lab, box):
    reminders = gather(lab, 2, Kind.REMINDER)
    lab.now += timedelta(minutes=1)
    invitations = gather(lab, 2)
    lab.now += timedelta(minutes=1)
    later = gather(lab, 1)
    alarm(lab)
    order = [one.message_id for one in box.claim().claimed]
    assert order[1:] == [*invitations, *later, *reminders]


def test_of_a_batch_that_is_cut_short_nothing_is_lost(lab):
    gather(lab, 30)
    taken = []

    def send(letter):
        taken.append(letter.message_id)
        return Delivery(Outcome.SENT)

    lab.transport.send = send
    how = {"keys": lab.keys, "base_url": BASE_URL, "clock": lambda: lab.now}
    dispatch(lab.database, lab.transport, goes_on=lambda: len(taken) < 7, **how)
    states = [row.state for row in lab.rows(Message)]
    assert (states.count("sent"), states.count("pending")) == (7, 23)
    dispatch(lab.database, lab.transport, **how)
    assert len(set(taken)) == len(taken) == 30
