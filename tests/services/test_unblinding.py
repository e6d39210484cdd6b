"""Emergency unblinding: two steps by one person, told to the owners, never the arm in writing."""

from __future__ import annotations

import pytest

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.services import unblinding
from longwave.services.staff import add_staff, remove_staff
from longwave.storage.tables import Allocation, Message, Unblinding

WHY = "admitted to hospital"


def member(lab, email, role=Role.COORDINATOR):
    with lab.database.writing() as session:
        added, _ = add_staff(session, email, role, blinded=True, now=lab.now)
        return Viewer(added.email, role, blinded=True, staff_id=added.id)


@pytest.fixture
def coordinator(lab):
    return member(lab, "coordinator@lab.example")


def ask(lab, person, viewer):
    return lab.act(person, unblinding.request, reason=WHY, viewer=viewer).id


def confirm(lab, asked, public_id, viewer):
    with lab.database.writing() as session:
        return unblinding.confirm(session, asked, public_id=public_id, viewer=viewer, now=lab.now)


def test_the_arm_is_told_after_the_second_step_only(lab, coordinator):
    person = lab.randomise()
    public_id = lab.participant(person).public_id
    (allocation,) = lab.rows(Allocation)
    asked = ask(lab, person, coordinator)
    assert [event.payload for event in lab.events("unblinding")] == [{"reason": WHY}]
    assert confirm(lab, asked, f" {public_id.lower()} ", coordinator) == allocation.arm
    kinds = [(event.kind, event.payload, event.actor) for event in lab.events("unblinding")]
    assert kinds[1] == ("unblinding.confirmed", {}, coordinator.name)
    assert lab.rows(Unblinding)[0].confirmed_at == lab.now


def test_every_owner_is_told_by_mail_and_not_the_arm(lab, coordinator):
    member(lab, "one@lab.example", Role.OWNER)
    member(lab, "two@lab.example", Role.OWNER)
    member(lab, "gone@lab.example", Role.OWNER)
    with lab.database.writing() as session:
        remove_staff(session, "gone@lab.example", now=lab.now)
    person = lab.randomise()
    public_id = lab.participant(person).public_id
    lab.clockwork.dispatch()
    lab.transport.mails.clear()
    lab.now = lab.now.replace(hour=23)
    confirm(lab, ask(lab, person, coordinator), public_id, coordinator)
    lab.clockwork.dispatch()
    assert sorted(mail.recipient for mail in lab.transport.mails) == [
        "one@lab.example",
        "two@lab.example",
    ]
    (allocation,) = lab.rows(Allocation)
    for mail in lab.transport.mails:
        assert public_id in mail.body and coordinator.name in mail.body
        assert "2 February 2026, 23:00" in mail.body
        assert public_id not in mail.subject and lab.slug not in mail.subject
        for arm in lab.protocol.arms.values():
            assert arm.id not in mail.body and arm.label["en"] not in mail.body
        assert mail.unsubscribe is None
    assert allocation.arm not in str(lab.events("unblinding"))


def test_an_owner_who_left_meanwhile_is_not_written_to(lab, coordinator):
    member(lab, "one@lab.example", Role.OWNER)
    person = lab.randomise()
    public_id = lab.participant(person).public_id
    confirm(lab, ask(lab, person, coordinator), public_id, coordinator)
    with lab.database.writing() as session:
        remove_staff(session, "one@lab.example", now=lab.now)
    lab.clockwork.dispatch()
    assert "one@lab.example" not in {mail.recipient for mail in lab.transport.mails}
    (notice,) = [row for row in lab.rows(Message) if row.kind == "unblinding_notice"]
    assert notice.state == "cancelled"


def test_only_who_asked_confirms_with_the_right_id_in_time_and_once(lab, coordinator):
    person, other = lab.randomise(), lab.randomise()
    public_id, wrong = (lab.participant(who).public_id for who in (person, other))
    asked = ask(lab, person, coordinator)
    with pytest.raises(NotFoundError):
        confirm(lab, asked, public_id, member(lab, "second@lab.example"))
    with pytest.raises(InvalidInputError):
        confirm(lab, asked, wrong, coordinator)
    lab.wait(minutes=10)
    with pytest.raises(RefusedTransitionError, match="10 minutes"):
        confirm(lab, asked, public_id, coordinator)
    again = ask(lab, person, coordinator)
    confirm(lab, again, public_id, coordinator)
    with pytest.raises(RefusedTransitionError):
        confirm(lab, again, public_id, coordinator)
    assert len(lab.events("unblinding.confirmed")) == 1


def test_there_must_be_an_arm_a_role_and_a_name(lab, coordinator):
    enrolled, person = lab.enrol(), lab.randomise()
    with pytest.raises(RefusedTransitionError, match="not been randomised"):
        ask(lab, enrolled, coordinator)
    with pytest.raises(NotAllowedError):
        ask(lab, person, member(lab, "analyst@lab.example", Role.ANALYST))
    with pytest.raises(NotAllowedError, match="named"):
        ask(lab, person, Viewer("cli", Role.OWNER, blinded=False))
    with pytest.raises(InvalidInputError):
        lab.act(person, unblinding.request, reason="", viewer=coordinator)
    assert lab.rows(Unblinding) == []
