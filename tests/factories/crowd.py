"""A crowd of people with one open assessment each, made without going through every page."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import select

from longwave.domain.messages import Kind, policy_of
from longwave.keys import Purpose, token_hash
from longwave.services import study as studies
from longwave.storage import study as rows
from longwave.storage.tables import Assessment, Contact, Message, Participant
from longwave.storage.tables.base import key

_CHUNK = 2000


def gather(
    lab, people: int, kind: str = Kind.INVITATION, domains: int = 1, *, at_once: bool = False
) -> list[int]:
    """Let as many people be asked for ``w0``, with a message of ``kind`` due to each of them now.

    With ``at_once`` it is one that waits for no hour.

    Returns the ids of the messages.
    """
    found: list[int] = []
    for first in range(0, people, _CHUNK):
        numbers = range(first, min(first + _CHUNK, people))
        found += _gather(lab, numbers, kind, domains, at_once)
    return found


def _gather(lab, numbers, kind, domains, at_once):
    now = lab.now
    with lab.database.writing() as session:
        study = studies.get_study(session, lab.slug)
        study_id, version_id = key(study), rows.latest_version_id(session, key(study))
        connection = session.connection()
        people = [
            {
                "study_id": study_id,
                "public_id": uuid4().hex[:12].upper(),
                "site": "ankara",
                "language": "en",
                "zone": "Europe/Istanbul",
                "stage": "enrolled",
                "screened_at": now,
                "enrolled_at": now,
            }
            for _ in numbers
        ]
        connection.execute(insert(Participant), people)
        ids = dict(
            session.execute(
                select(Participant.public_id, Participant.id).where(
                    Participant.public_id.in_([person["public_id"] for person in people])
                )
            ).all()
        )
        connection.execute(
            insert(Contact),
            [
                _contact(lab, study_id, public_id, number, domains)
                for public_id, number in ids.items()
            ],
        )
        assessments = [_assessment(lab, study_id, version_id, number) for number in ids.values()]
        connection.execute(insert(Assessment), assessments)
        asked = session.execute(
            select(Assessment.id, Assessment.participant_id).where(
                Assessment.participant_id.in_(list(ids.values()))
            )
        ).all()
        messages = [{**_message(lab, study_id, kind, *pair), "at_once": at_once} for pair in asked]
        connection.execute(insert(Message), messages)
        wanted = [message["mail_id"] for message in messages]
        found = select(Message.id).where(Message.mail_id.in_(wanted)).order_by(Message.id)
        return list(session.scalars(found))


def _contact(lab, study_id, public_id, number, domains):
    address = f"person{number}@clinic{number % domains}.example"
    return {
        "participant_id": number,
        "study_id": study_id,
        "name": lab.keys.encrypt(Purpose.CONTACT, b"A Person", public_id),
        "email": lab.keys.encrypt(Purpose.CONTACT, address.encode(), public_id),
        "digest": uuid4().hex,
    }


def _assessment(lab, study_id, version_id, participant_id):
    uid = uuid4().hex
    closes = lab.now + timedelta(days=14)
    return {
        "study_id": study_id,
        "participant_id": participant_id,
        "protocol_version_id": version_id,
        "wave": "w0",
        "uid": uid,
        "token_hash": token_hash(lab.keys.link_token(uid)),
        "status": "open",
        "due_wall": "2026-02-02T11:00",
        "zone": "Europe/Istanbul",
        "opens_at": lab.now,
        "due_at": lab.now,
        "closes_at": closes,
        "expires_at": closes,
    }


def _message(lab, study_id, kind, assessment_id, participant_id):
    return {
        "study_id": study_id,
        "participant_id": participant_id,
        "assessment_id": assessment_id,
        "kind": kind,
        "step": f"w0:{kind}-1" if kind == Kind.REMINDER else f"w0:{kind}",
        "mail_id": f"{uuid4().hex}@longwave",
        "priority": policy_of(kind).priority,
        "due_at": lab.now,
        "planned_at": lab.now,
        "queued_at": lab.now,
    }
